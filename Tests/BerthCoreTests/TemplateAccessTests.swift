import BerthCore
import Testing

@Suite struct `Templates' access` {
    private func caller(_ principal: Principal, isAdministrator: Bool = false) -> Caller {
        Caller(principal: principal, isAdministrator: isAdministrator, mayNameProcesses: true)
    }

    @Test(arguments: [TemplateAccess.administrators, .principals([]), .everybody])
    func `lets administrators in whatever it says`(access: TemplateAccess) {
        #expect(access.allows(caller(.user(0), isAdministrator: true)))
    }

    @Test func `lets others in whom it names`() {
        let access = TemplateAccess.principals([.user(1000), .token("web")])
        #expect(access.allows(caller(.user(1000))) && access.allows(caller(.token("web"))))
        #expect(!access.allows(caller(.user(1001))) && !access.allows(caller(.token("ci"))))
        #expect(!TemplateAccess.administrators.allows(caller(.user(1000))))
        #expect(TemplateAccess.everybody.allows(caller(.user(1001))))
    }
}
