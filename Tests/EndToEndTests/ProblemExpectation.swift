import Testing

/// Checks that a response is the problem of that code, whole: RFC 9457 and the API's own members.
func expectProblem(
    _ response: Response, _ status: Int, _ code: String, _ comment: Comment? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    let problem = response.json
    let note = comment ?? Comment(rawValue: "\(response)")
    #expect(response.status == status, note, sourceLocation: sourceLocation)
    #expect(
        response["content-type"]?.hasPrefix("application/problem+json") == true, note, sourceLocation: sourceLocation)
    #expect(problem["code"] == .text(code), note, sourceLocation: sourceLocation)
    #expect(problem["status"] == .integer(status), note, sourceLocation: sourceLocation)
    #expect(problem["type"].text?.hasSuffix("/problems/\(code)") == true, note, sourceLocation: sourceLocation)
    #expect(problem["title"].text?.isEmpty == false, note, sourceLocation: sourceLocation)
    #expect(problem["detail"].text?.isEmpty == false, note, sourceLocation: sourceLocation)
    let requestID = problem["request_id"].text
    #expect(requestID?.isEmpty == false, note, sourceLocation: sourceLocation)
    #expect(response["x-request-id"] == requestID, note, sourceLocation: sourceLocation)
    if status == 422 {
        let errors = problem["errors"].items
        #expect(!errors.isEmpty, note, sourceLocation: sourceLocation)
        #expect(
            errors.allSatisfy { $0.members == ["field", "detail"] }, note, sourceLocation: sourceLocation)
    }
}

/// Whether a text is an instant as the API writes it: RFC 3339, UTC, milliseconds.
func isInstant(_ value: JSON) -> Bool {
    value.text?.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil
}
