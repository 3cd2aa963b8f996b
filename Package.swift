// swift-tools-version: 6.2
import PackageDescription

/// Every target is built with the same settings: a warning is an error, and an import says who may see it.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
    name: "berth",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "berth", targets: ["berth"]),
        .executable(name: "berth-simulation", targets: ["BerthSimulationRunner"]),
    ],
    dependencies: [
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        .target(name: "CBerthLinux"),
        .target(name: "CBerthSQLite", linkerSettings: [.linkedLibrary("sqlite3")]),
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
        .target(name: "BerthCore", swiftSettings: settings),
        .target(
            name: "BerthStore",
            dependencies: [
                "BerthCore", "CBerthSQLite", "CZlib",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ],
            resources: [.embedInCode("Migrations")],
            swiftSettings: settings),
        .target(name: "BerthHost", dependencies: ["BerthCore", "CBerthLinux"], swiftSettings: settings),
        .target(name: "BerthAPI", dependencies: ["BerthCore"], swiftSettings: settings),
        .target(
            name: "BerthLeasing",
            dependencies: [
                "BerthCore", "BerthRouter", "BerthStore",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "HeapModule", package: "swift-collections"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings),
        .target(
            name: "BerthSessions",
            dependencies: [
                "BerthCore", "BerthLeasing", "BerthRouter", "BerthStore",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings),
        .target(
            name: "BerthDocuments",
            resources: [
                .embedInCode("Resources/docs.html"), .embedInCode("Resources/openapi.json"),
                .embedInCode("Resources/problems.json"),
            ],
            swiftSettings: settings),
        .target(
            name: "BerthServer",
            dependencies: [
                "BerthAPI", "BerthCore", "BerthDocuments", "BerthHost", "BerthLeasing", "BerthRouter", "BerthStore",
                "CBerthLinux",
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings),
        .target(
            name: "BerthRouter",
            dependencies: [
                "BerthCore",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings),
        .target(
            name: "BerthClient",
            dependencies: [
                "BerthAPI", "BerthCore",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            swiftSettings: settings),
        .target(
            name: "BerthCommandLine",
            dependencies: [
                "BerthAPI", "BerthClient", "BerthCore", .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "berth",
            dependencies: [
                "BerthAPI", "BerthClient", "BerthCommandLine", "BerthCore", "BerthHost", "BerthLeasing",
                "BerthRouter", "BerthServer", "BerthSessions", "BerthStore",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings + [.unsafeFlags(["-static-stdlib"], .when(configuration: .release))],
            linkerSettings: [.unsafeFlags(["-static-stdlib"], .when(configuration: .release))]),
        .target(
            name: "BerthTestSupport", dependencies: ["BerthCore"], path: "Tests/BerthTestSupport",
            swiftSettings: settings),
        .target(
            name: "BerthSimulation",
            dependencies: [
                "BerthCore", "BerthLeasing", "BerthStore", "BerthTestSupport", "CFaultVFS",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Tests/BerthSimulation", swiftSettings: settings),
        .executableTarget(
            name: "BerthSimulationRunner", dependencies: ["BerthSimulation"], path: "Tests/BerthSimulationRunner",
            swiftSettings: settings),
        .executableTarget(
            name: "BerthTestProcess", dependencies: ["BerthCore", "BerthHost"], path: "Tests/BerthTestProcess",
            swiftSettings: settings),
        .testTarget(
            name: "BerthCoreTests", dependencies: ["BerthCore", "BerthTestSupport"], swiftSettings: settings),
        .target(name: "CFaultVFS", path: "Tests/CFaultVFS", linkerSettings: [.linkedLibrary("sqlite3")]),
        .testTarget(
            name: "BerthStoreTests",
            dependencies: [
                "BerthCore", "BerthStore", "BerthTestSupport", "CFaultVFS",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ],
            exclude: ["Fixtures"], swiftSettings: settings),
        .testTarget(
            name: "BerthHostTests",
            dependencies: ["BerthCore", "BerthHost", "BerthTestProcess", "BerthTestSupport", "CBerthLinux"],
            swiftSettings: settings),
        .testTarget(
            name: "BerthLeasingTests",
            dependencies: [
                "BerthCore", "BerthLeasing", "BerthRouter", "BerthSimulation", "BerthStore", "BerthTestSupport",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "BerthSessionsTests",
            dependencies: [
                "BerthCore", "BerthLeasing", "BerthRouter", "BerthSessions", "BerthStore", "BerthTestSupport",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "BerthServerTests",
            dependencies: [
                "BerthAPI", "BerthCore", "BerthRouter", "BerthServer", "BerthTestSupport",
                .product(name: "CoreMetrics", package: "swift-metrics"),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "BerthRouterTests",
            dependencies: [
                "BerthCore", "BerthRouter", "BerthTestSupport",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "BerthCLITests", dependencies: ["BerthAPI", "BerthClient", "BerthCommandLine", "BerthCore"],
            swiftSettings: settings),
        .testTarget(
            name: "FuzzTests",
            dependencies: [
                "BerthAPI", "BerthClient", "BerthCommandLine", "BerthCore", "BerthHost", "BerthServer",
                "BerthTestSupport",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
            ],
            swiftSettings: settings),
        .testTarget(name: "EndToEndTests", dependencies: ["berth", "BerthTestSupport"], swiftSettings: settings),
        .testTarget(
            name: "TidyTests", dependencies: [.product(name: "Crypto", package: "swift-crypto")],
            swiftSettings: settings),
    ]
)
