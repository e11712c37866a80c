// swift-tools-version: 6.2
import PackageDescription

// A package of its own: users of Tern do not build its benchmarks.
let package = Package(
    name: "TernBenchmarks",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "tern-bench", targets: ["TernBench"]),
        .executable(name: "tern-fuzz", targets: ["TernFuzz"]),
    ],
    dependencies: [
        .package(name: "Tern", path: ".."),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    ],
    targets: [
        .executableTarget(
            name: "TernBench",
            dependencies: [
                "CPeaks", "COneDNN", .product(name: "Tern", package: "Tern"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .target(name: "CPeaks", cSettings: [.unsafeFlags(["-O3"])]),
        .target(name: "COneDNN"),
        // Not timed, but no part of Tern either.
        .executableTarget(
            name: "TernFuzz",
            dependencies: [.product(name: "Tern", package: "Tern"), .product(name: "ArgumentParser", package: "swift-argument-parser")]),
    ]
)
