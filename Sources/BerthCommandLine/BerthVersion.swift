/// The version of this Berth, by Semantic Versioning.
package let berthVersion = "0.1.0"
