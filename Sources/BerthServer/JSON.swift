import BerthCore
import FoundationEssentials

/// The one encoder and decoder of the API. Neither is changed after it was made, so requests share them.
enum JSON {
    static let encoder: JSONEncoder = {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        return encoder
    }()

    static let decoder = JSONDecoder()

    /// Decodes a request's body.
    /// - Throws: `malformed-json`, `invalid-field`, and what the type itself finds wrong.
    static func decode<Value: Decodable>(_ type: Value.Type, from body: Data) throws -> Value {
        // The decoder mends broken UTF-8 by itself, and a mended name is not the one that was sent.
        guard String(validating: body, as: UTF8.self) != nil else {
            throw BerthError(.malformedJSON, "The body is not well-formed JSON in UTF-8.")
        }
        try JSONSyntax.check([UInt8](body))
        do {
            return try decoder.decode(Value.self, from: body)
        } catch let error as BerthError {
            throw error
        } catch {
            throw BerthError(.malformedJSON, "The body is not well-formed JSON in UTF-8.", cause: error)
        }
    }
}
