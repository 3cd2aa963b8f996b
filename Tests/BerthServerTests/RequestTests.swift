import BerthAPI
import BerthCore
import Foundation
import Testing

@testable import BerthServer

@Suite struct `The body of a lease request` {
    private func grant(_ json: String) throws -> GrantRequest {
        try JSON.decoder.decode(LeaseRequest.self, from: Data(json.utf8)).grant
    }

    private func faults(_ json: String) -> [String] {
        do {
            _ = try grant(json)
            return []
        } catch {
            return (error as? BerthError)?.fields.map(\.field) ?? ["\(error)"]
        }
    }

    @Test func `needs a session and a count, and has defaults for the rest`() throws {
        let request = try grant(#"{"session": "a/b@c", "count": 6}"#)
        #expect(request.session.rawValue == "a/b@c")
        #expect(request == GrantRequest(session: request.session, count: 6))
        #expect(faults("{}") == ["session", "count"])
    }

    @Test func `holds everything that may be asked for`() throws {
        let request = try grant(
            #"{"session":"a","count":2,"name":"n","pool":"p","ttl_seconds":null,"owner_pid":7,"agents":["x"],"#
                + #""align":10,"first_port":20010,"labels":{"k":"v"},"pinned":true}"#)
        #expect(request.ttl == .never)
        #expect(request.owner == .pid(7))
        #expect(request.placement == Port(20_010).map(GrantRequest.Placement.exactly))
        #expect(request.labels == ["k": "v"])
        #expect(request.isPinned)
    }

    @Test(arguments: [
        (#"{"session":"a","count":1,"cuont":2}"#, ["cuont"]),
        (#"{"session":"a b","count":0}"#, ["session", "count"]),
        (#"{"session":"a","count":1.5}"#, ["count"]), (#"{"session":"a","count":true}"#, ["count"]),
        (#"{"session":null,"count":1}"#, ["session"]),
        (#"{"session":"a","count":99999999999999999999}"#, ["count"]),
        (#"{"session":"a","count":1,"ttl_seconds":0}"#, ["ttl_seconds"]),
        (#"{"session":"a","count":1,"agents":["a","a"]}"#, ["agents"]),
        (#"{"session":"a","count":1,"agents":["A"]}"#, ["agents"]),
        (#"{"session":"a","count":1,"agents":"a"}"#, ["agents"]),
        (#"{"session":"a","count":1,"labels":{"k":1}}"#, ["labels"]),
        (#"{"session":"a","count":1,"labels":{"":"v"}}"#, ["labels"]),
        (#"{"session":"a","count":1,"first_port":1,"preferred_first_port":1}"#, ["first_port"]),
        (#"{"session":"a","count":1,"first_port":0}"#, ["first_port"]),
        (#"[]"#, ["body"]), (#"5"#, ["body"]),
    ])
    func `names every member at fault`(json: String, fields: [String]) {
        #expect(faults(json) == fields)
    }
}

@Suite struct `A page's cursor` {
    @Test(arguments: [0, 1, 17, Int64.max]) func `comes back as it went`(position: Int64) {
        #expect(Cursor.position(Cursor.text(position)) == position)
    }

    @Test(arguments: ["", "17", "berth1:17", "YmVydGgxOi0x", "YmVydGgxOng=", "%%%"])
    func `is nothing that the API did not write`(text: String) {
        #expect(Cursor.position(text) == nil)
    }
}

@Suite struct `A request's id` {
    @Test func `is the caller's own when it is well formed`() {
        let ids = RequestIDs()
        #expect(ids.accept("abc-1.2_3:4") == "abc-1.2_3:4")
        let invalid: [String?] = [nil, "", "a b", "a\nb", "é", String(repeating: "x", count: 129)]
        let made = invalid.map(ids.accept)
        #expect(Set(made).count == invalid.count)
        #expect(!made.contains { invalid.contains($0) })
    }
}

@Suite struct `Percent-encoding` {
    @Test(arguments: ["a/b", "ünï", "a b+c%", "", "a.b-c_d~e"]) func `comes back as it went`(text: String) {
        #expect(APIPath.percentDecoded(APIPath.percentEncoded(text)[...]) == text)
    }

    @Test(arguments: ["%", "%2", "%zz", "%ff", "%c3%28"]) func `is refused when it is broken`(text: String) {
        #expect(APIPath.percentDecoded(text[...]) == nil)
    }
}
