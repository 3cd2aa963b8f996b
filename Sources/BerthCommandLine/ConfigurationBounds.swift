import BerthCore

/// What numbers a configuration may hold.
enum ConfigurationBounds {
    static let limit = 1...1_000_000
    /// 0 lets nobody wait.
    static let waiting = 0...1_000_000
    static let maxBlock = 1...65_535
    static let ttlSeconds = Int(RequestBounds.ttlSeconds.lowerBound)...Int(RequestBounds.ttlSeconds.upperBound)
    /// 0 lets ports go as soon as a probe finds them free.
    static let quarantineSeconds = 0.0...86_400.0
    static let ticketIdleSeconds = 1...86_400
    static let retainDays = 1...36_500
}
