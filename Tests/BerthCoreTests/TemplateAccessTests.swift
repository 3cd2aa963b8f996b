import BerthCore
import Testing

@Suite struct `Templates' access` {
    @Test func `lets administrators in whatever it says`() {
        let administrator = Caller(principal: .user(0), isAdministrator: true, mayNameProcesses: true)
        #expect(TemplateAccess.administrators.allows(administrator))
        #expect(TemplateAccess.principals([]).allows(administrator))
    }
}
