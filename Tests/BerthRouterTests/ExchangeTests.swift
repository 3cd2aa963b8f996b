import Testing

@testable import BerthRouter

@Suite struct `An exchange` {
    private func passing(_ sent: Exchange.Sent, isRepeatable: Bool = true, hears: Bool? = nil) -> Exchange {
        var exchange = Exchange.idle
        exchange.begin()
        exchange.pass(isRepeatable: isRepeatable)
        if sent == .body { exchange.sendBody() }
        if sent == .whole { exchange.sendEnd() }
        if let hears { exchange.hear(isFinal: hears) }
        return exchange
    }

    @Test func `takes one request at a time`() {
        var exchange = Exchange.idle
        #expect(exchange.intake == .head)
        exchange.begin()
        #expect(exchange.intake == .wait)
        exchange.pass(isRepeatable: false)
        #expect(exchange.intake == .body)
        exchange.sendEnd()
        #expect(exchange.intake == .wait)
        exchange.hear(isFinal: true)
        #expect(exchange.end() == .goOn)
        #expect(exchange.intake == .head)
    }

    @Test func `leaves a connection whose request was answered before it was whole`() {
        var exchange = passing(.body, hears: true)
        #expect(exchange.end() == .leave)
        #expect(exchange.intake == .drop)
    }

    @Test func `is repeated only while nothing was heard and no body was sent`() {
        var whole = passing(.whole)
        #expect(whole.lose() == .repeatIt)
        #expect(whole == .preparing)
        var body = passing(.body)
        #expect(body.lose() == .refuse)
        var interim = passing(.whole, hears: false)
        #expect(interim.lose() == .refuse)
        var unsafe = passing(.whole, isRepeatable: false)
        #expect(unsafe.lose() == .refuse)
    }

    @Test func `is cut once its answer has begun`() {
        var exchange = passing(.whole, hears: true)
        #expect(exchange.lose() == .cut)
        #expect(exchange == .over)
        #expect(exchange.lose() == .nothing)
    }

    @Test func `ends with its lease, and is never repeated for another`() {
        var waiting = passing(.whole)
        #expect(waiting.endLease() == .refuse)
        var streaming = passing(.whole, hears: true)
        #expect(streaming.endLease() == .cut)
        var tunnel = passing(.whole, hears: true)
        tunnel.upgrade()
        #expect(tunnel.endLease() == .cut)
        var idle = Exchange.idle
        #expect(idle.endLease() == .nothing)
    }
}
