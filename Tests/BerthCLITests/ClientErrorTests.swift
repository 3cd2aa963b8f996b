import BerthAPI
import BerthClient
import BerthCore
import FoundationEssentials
import Testing

@Suite struct `Exit codes of a client` {
    @Test(arguments: ErrorCode.allCases)
    func `follow the table of codes`(code: ErrorCode) {
        let error = ClientError(Problem(BerthError(code, "why"), requestID: "r"))
        #expect(error.exitCode == code.presentation.exitCode)
        #expect(error.message == "why")
        #expect(error.code == code.rawValue)
    }

    @Test(
        arguments: [
            (401, 77), (403, 77), (404, 65), (409, 65), (422, 65), (429, 75), (503, 75), (410, 70), (418, 70),
            (500, 70),
        ] as [(Int, Int32)])
    func `follow the status for a code of a newer daemon`(status: Int, exitCode: Int32) throws {
        let json = """
            {"type": "/problems/new", "title": "New", "status": \(status), "detail": "", "code": "of-tomorrow",
             "request_id": "r", "a_new_member": [1]}
            """
        let error = ClientError(try JSONDecoder().decode(Problem.self, from: Data(json.utf8)))
        #expect(error.exitCode == exitCode)
        #expect(error.message == "New")
    }
}
