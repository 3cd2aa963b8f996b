import CBerthSQLite

/// What SQLite is told for the whole process, before its first connection.
enum SQLiteSettings {
    /// Enough for what a change touches: about 100 pages of 4 KiB for a grant and its release, statement by statement. At
    /// the default of 64 KiB they went into a file, with six writes for each one into the log.
    private static let journalBytes: Int32 = 1 << 20

    private static let result = berth_configure(journalBytes)

    /// Makes them once. In a process where SQLite runs already it stays as it is, which costs speed alone; only builds of
    /// SQLite that take no URIs by themselves can then not read a database that is to be left untouched.
    static func make() { _ = result }
}
