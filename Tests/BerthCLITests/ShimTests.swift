import BerthCommandLine
import Testing

@Suite struct `What berth run and its shim say to each other` {
    private let bare = ShimOrder(orders: 5, report: 9, lease: 17, inherited: [], sockets: [], socketNames: [])
    private let full = ShimOrder(
        orders: 5, report: 9, lease: .max, inherited: [3, 4], sockets: [7, 8], socketNames: ["command", "port-2"])

    @Test func `is read as it was written`() {
        for order in [bare, full] {
            #expect(ShimOrder(arguments: order.arguments) == order)
            #expect(ShimOrder(arguments: order.arguments + ["--", "run-shim", "x"]) == order)
            #expect(order.arguments.first == ShimOrder.verb && !order.arguments.contains("--"))
        }
        for orders in [ShimOrders.start, .attach(socket: "/run/berth/berth.sock"), .attach(socket: "a b")] {
            #expect(ShimOrders(text: orders.text) == orders)
        }
        let report = ShimReport(exitCode: 127, message: "x: No such file or directory")
        #expect(ShimReport(text: report.text) == report)
    }

    @Test func `is refused when it is anything else`() {
        #expect(ShimOrder(arguments: []) == nil)
        #expect(ShimOrder(arguments: full.arguments.dropLast()) == nil)
        #expect(ShimOrder(arguments: ["run"] + full.arguments.dropFirst()) == nil)
        #expect(ShimOrder(arguments: full.arguments.dropLast() + ["one"]) == nil)
        #expect(ShimOrder(arguments: [ShimOrder.verb, "x", "9", "17", "", "", ""]) == nil)
        for text in ["", "star", "attach", "stop"] { #expect(ShimOrders(text: text) == nil) }
        // A shim that became its command has said nothing.
        for text in ["", "127", "x y"] { #expect(ShimReport(text: text) == nil) }
    }
}
