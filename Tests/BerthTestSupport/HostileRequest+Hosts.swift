/// Values of `Host` that do not name the daemon.
extension HostileRequest {
    static let foreignHosts: [HostileRequest] = hostValues.map {
        HostileRequest(["Host: \($0)"], 421, "forbidden-host")
    }

    private static let hostValues: [String] = [
        // Names that are not the daemon's.
        "evil.example", "evil.example:{port}", "www.evil.example", "localhost.evil.example",
        "localhost.evil.example:{port}", "127.0.0.1.evil.example", "127.0.0.1.evil.example:{port}",
        "127.0.0.1.nip.io:{port}", "127-0-0-1.evil.example:{port}", "evil.example.localhost", "sub.localhost:{port}",
        "xlocalhost", "localhostx", "local", "localhost-", "-localhost", "local_host", "localhost.localdomain",
        "localhost6", "ip6-localhost", "ip6-loopback", "localtest.me:{port}", "host.docker.internal:{port}", "berth",
        "null", "undefined", "*", "_", "-", "xn--lcalhost-7hg:{port}",
        // Dots.
        "localhost.", "localhost.:{port}", "LOCALHOST.:{port}", "localhost..", ".localhost", "local.host",
        "127.0.0.1.", "127.0.0.1.:{port}", ".127.0.0.1", "127..0.0.1", ".", "..",
        // Other addresses, and other spellings of the daemon's.
        "127.0.0.2", "127.0.0.2:{port}", "127.0.1.1:{port}", "127.1", "127.0.1", "127.1:{port}", "0", "0:{port}",
        "0.0.0.0", "0.0.0.0:{port}", "2130706433", "2130706433:{port}", "017700000001", "0x7f000001",
        "0x7f000001:{port}", "0x7f.0.0.1", "0x7f.1", "0177.0.0.1", "0177.0.0.1:{port}", "127.0.0.01", "127.0.0.001",
        "127.00.0.1", "127.000.000.001:{port}", "127.0.0.257", "127.0.0.1.1", "127.0.0", "1270.0.0.1",
        "10.0.0.1:{port}", "192.168.0.1", "169.254.169.254", "255.255.255.255",
        // IPv6, in brackets and without.
        "[::1]", "[::1]:{port}", "[0:0:0:0:0:0:0:1]:{port}", "[::]", "[::]:{port}", "[::ffff:127.0.0.1]",
        "[::ffff:127.0.0.1]:{port}", "[::ffff:7f00:1]:{port}", "[::127.0.0.1]:{port}", "[64:ff9b::7f00:1]:{port}",
        "[fe80::1]:{port}", "[fe80::1%25lo]:{port}", "[::1%lo]:{port}", "::1", "::ffff:127.0.0.1", "[::1", "::1]",
        "[]", "[]:{port}", "[localhost]", "[localhost]:{port}", "[127.0.0.1]", "[127.0.0.1]:{port}",
        "[v1.127]:{port}", "[[::1]]:{port}", "[::1]evil.example", "[::1].evil.example:{port}",
        "[::1]:{port}.evil.example", "[::1]@127.0.0.1:{port}", "127.0.0.1[::1]", "[1]", "[:::]", "[1::2::3]",
        "[::g]",
        // Ports.
        "localhost:", "127.0.0.1:", "localhost:0", "127.0.0.1:0", "localhost:1", "localhost:80", "127.0.0.1:80",
        "127.0.0.1:443", "localhost:65536", "localhost:99999", "localhost:{port}0", "localhost:0{port}",
        "localhost:000{port}", "localhost:+{port}", "localhost:-{port}", "localhost: {port}", "localhost :{port}",
        "localhost:{port}x", "localhost:x{port}", "localhost:0x1bcd", "localhost:{port}.0", "localhost:1e4",
        "localhost:{port}:{port}", "localhost::{port}", "localhost:{port}:", ":{port}", ":", "{port}",
        "localhost:٧١١٧", "localhost:７１１７", "localhost:18446744073709551617", "localhost:http",
        // Users, paths and other parts of addresses.
        "user@localhost", "user@127.0.0.1:{port}", "user:word@localhost:{port}", "@localhost", "@127.0.0.1:{port}",
        "localhost@evil.example", "localhost:{port}@evil.example", "127.0.0.1:{port}@evil.example:{port}",
        "evil.example@127.0.0.1:{port}", "evil.example%40127.0.0.1:{port}", "http://localhost",
        "http://127.0.0.1:{port}", "http:localhost", "//localhost", "//127.0.0.1:{port}", "localhost/",
        "127.0.0.1:{port}/", "localhost/evil.example", "localhost:{port}/../evil", "localhost?evil",
        "localhost#evil", "localhost;evil", "localhost\\evil.example", "127.0.0.1:{port}\\@evil.example",
        "localhost%00", "localhost%2eevil.example", "%6cocalhost", "local%68ost:{port}",
        "localhost%0d%0aHost:%20evil.example", "localhost%20",
        // Several in one.
        "localhost, evil.example", "evil.example, localhost", "localhost,localhost",
        "127.0.0.1:{port}, 127.0.0.1:{port}", "127.0.0.1:{port},", ",127.0.0.1:{port}", "localhost evil.example",
        "evil.example localhost", "localhost\tevil.example", "127.0.0.1:{port} 127.0.0.1:{port}",
        "localhost|evil.example", "localhost&evil.example", "localhost=evil.example", "\"localhost\"", "'localhost'",
        "<localhost>", "(localhost)", "{localhost}", "$(localhost)", "`localhost`", "localhost!", "~localhost",
        "^localhost$",
        // Letters that look alike, or fold into the daemon's.
        "lоcalhost", "lоcalhost:{port}", "ｌｏｃａｌｈｏｓｔ", "ｌｏｃａｌｈｏｓｔ:{port}", "ⓛocalhost", "localhoſt", "𝗅ocalhost",
        "LOCALHOŞT", "localhost\u{200b}", "\u{200d}localhost", "\u{202e}tsohlacol", "\u{feff}localhost",
        "local\u{ad}host", "localhost。", "127。0。0。1:{port}", "127．0．0．1", "１２７.0.0.1", "①②⑦.⓪.⓪.①:{port}",
        "127.0.0.1\u{ff1a}{port}", "١٢٧.٠.٠.١",
    ]
}
