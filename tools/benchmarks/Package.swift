// swift-tools-version: 6.2
import PackageDescription

/// The same settings as Berth's own targets have.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
    name: "berth-benchmarks",
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
    ],
    targets: [
        .target(name: "CEpoll"),
        .systemLibrary(name: "CSQLite", providers: [.apt(["libsqlite3-dev"])]),
        .target(name: "BerthBenchmark", dependencies: ["CEpoll", "CSQLite"], swiftSettings: settings),
        .executableTarget(
            name: "berth-bench",
            dependencies: [
                "BerthBenchmark",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "BerthBenchmarkTests",
            dependencies: ["BerthBenchmark"],
            swiftSettings: settings),
    ]
)
