import BerthCore
import BerthStore
import BerthTestSupport
import Testing

@Suite struct `A read whose caller went away` {
    @Test func `is no defect`() async throws {
        let test = try await TestStore.open()
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return await code { try await test.store.allPorts() }
        }
        #expect(await task.value == .storageUnavailable)
    }
}
