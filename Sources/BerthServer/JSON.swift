import FoundationEssentials

/// The one encoder and decoder of the API. Neither is changed after it was made, so requests share them.
enum JSON {
    static let encoder: JSONEncoder = {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        return encoder
    }()

    static let decoder = JSONDecoder()
}
