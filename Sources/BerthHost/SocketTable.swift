internal import BerthCore
internal import CBerthLinux
internal import Glibc

/// The kernel's tables of sockets: sock_diag(7) and `/proc/net/{tcp,tcp6,udp,udp6}` (proc_pid_net(5)).
enum SocketTable {
    struct Entry: Hashable, Sendable {
        let transport: PortListener.TransportProtocol
        /// The local address as text; an IPv4 address that an IPv6 socket uses is shown as IPv4.
        let address: String
        /// What `/proc/PID/fd` shows as `socket:[inode]`; 0 for a connection that no process has open (yet).
        let inode: UInt64
    }

    /// Everything on the local port but TIME_WAIT.
    static func read(_ port: Port) -> [Entry] {
        let tcp = ask(port) ?? readTable("tcp", port, .tcp) + readTable("tcp6", port, .tcp)
        return tcp + readTable("udp", port, .udp) + readTable("udp6", port, .udp)
    }

    /// The TCP sockets by sock_diag(7); nil where the kernel or a filter refuses it.
    ///
    /// It sorts by port within the kernel, which `/proc/net/tcp` can't (0.4 ms against 7 ms on a host with room for
    /// 262,144 connections), and since Linux 6.8 it shows sockets that are bound, but neither listen nor are connected.
    private static func ask(_ port: Port) -> [Entry]? {
        var sockets = [berth_socket](repeating: berth_socket(), count: 64)
        var found = berth_tcp_sockets(port.number, &sockets, 64)
        if found > 64 {
            // Those that came in between are left out: all the port's holders are still named.
            sockets = [berth_socket](repeating: berth_socket(), count: Int(found))
            found = berth_tcp_sockets(port.number, &sockets, found)
        }
        guard found >= 0 else { return nil }
        return sockets.prefix(Int(found)).compactMap { socket in
            let length = socket.family == UInt8(AF_INET6) ? 16 : 4
            let bytes = withUnsafeBytes(of: socket.address) { Array($0.prefix(length)) }
            guard let address = SocketAddressText.text(bytes) else { return nil }
            return Entry(transport: .tcp, address: address, inode: UInt64(socket.inode))
        }
    }

    /// One of the tables as a file. Where it can't be read (no IPv6), it adds nothing.
    private static func readTable(
        _ name: String, _ port: Port, _ transport: PortListener.TransportProtocol
    ) -> [Entry] {
        do {
            return parse(try ProcFile.bytes("/proc/self/net/\(name)"), port, transport)
        } catch {
            return []
        }
    }
}

extension SocketTable {
    /// Reads one table's text: the lines whose local port is `port`, without TIME_WAIT. Lines that aren't of the
    /// kernel's form are skipped.
    static func parse(
        _ table: [UInt8], _ port: Port, _ transport: PortListener.TransportProtocol
    ) -> [Entry] {
        let wanted = hexadecimal(port)
        return table.withUnsafeBufferPointer { bytes in
            var entries: [Entry] = []
            var start = 0
            while start < bytes.count {
                let end = bytes[start...].firstIndex(of: 0x0A) ?? bytes.count
                let line = bytes[start..<end]
                start = end + 1
                // A table may have 100,000 lines, so only those that may be the port's are taken apart.
                guard hasLocalPort(line, wanted) else { continue }
                if let entry = parse(line: line, wanted, transport) { entries.append(entry) }
            }
            return entries
        }
    }

    /// `  12: 0100007F:1F90 …`: whether the four digits after the second colon are the port's.
    private static func hasLocalPort(_ line: Slice<UnsafeBufferPointer<UInt8>>, _ wanted: [UInt8]) -> Bool {
        guard let first = line.firstIndex(of: UInt8(ascii: ":")),
            let second = line[(first + 1)...].firstIndex(of: UInt8(ascii: ":")), second + 5 <= line.endIndex
        else { return false }
        return line[(second + 1)..<(second + 5)].elementsEqual(wanted)
    }

    private static func parse(
        line: Slice<UnsafeBufferPointer<UInt8>>, _ wanted: [UInt8], _ transport: PortListener.TransportProtocol
    ) -> Entry? {
        // sl, local, remote, state, queues, timer, retransmits, uid, timeout, inode
        let fields = line.split(separator: 0x20)
        guard fields.count >= 10, let inode = UInt64(String(decoding: fields[9], as: UTF8.self)) else { return nil }
        // By the timer, since one whose peer has not closed its half is in FIN_WAIT2.
        let isTimeWait =
            transport == .tcp && (fields[3].elementsEqual("06".utf8) || fields[5].starts(with: "03:".utf8))
        let local = fields[1].split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard !isTimeWait, local.count == 2, local[1].elementsEqual(wanted),
            let bytes = SocketAddressText.bytes(hexadecimal: Array(local[0])),
            let address = SocketAddressText.text(bytes)
        else { return nil }
        return Entry(transport: transport, address: address, inode: inode)
    }

    /// The port as the kernel prints it: `%04X`.
    private static func hexadecimal(_ port: Port) -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        return [12, 8, 4, 0].map { digits[Int(port.number >> $0 & 0xF)] }
    }
}
