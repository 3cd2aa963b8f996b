import BerthCore
import Testing

@Suite struct `A bearer's field` {
    @Test(arguments: ["Bearer s3cret", "bearer s3cret", "BEARER   s3cret", " Bearer s3cret  "])
    func `has the token behind the scheme`(field: String) { #expect(BearerToken.secret(in: field) == "s3cret") }

    @Test(arguments: [
        "", " ", "Bearer", "Bearer ", "Bearers3cret", "Bearer\ts3cret", "Basic s3cret", "Bearer a b", "xBearer a",
        "s3cret", "Beare\u{301}r a",
    ])
    func `is any other where it is not well-formed`(field: String) { #expect(BearerToken.secret(in: field) == nil) }
}
