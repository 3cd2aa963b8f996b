/// The documents that the daemon serves, as they lie in `Resources`. A module of their own: the compiler takes longer for
/// their bytes than for the server, and they change less often.
package enum Documents {
    /// The OpenAPI description of the API, JSON.
    package static var openAPI: [UInt8] { PackageResources.openapi_json }
    /// A page that shows it, HTML.
    package static var page: [UInt8] { PackageResources.docs_html }
    /// The pages of the problems by their codes, JSON.
    package static var problems: [UInt8] { PackageResources.problems_json }
}
