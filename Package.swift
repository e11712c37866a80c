// swift-tools-version: 6.2
import PackageDescription

// Kernels are optimised in debug builds too: a debug test run would otherwise spend its time in loops over elements.
let kernelFlags: [String] = ["-O3", "-fno-math-errno", "-ffp-contract=off", "-Wall"]

let package = Package(
    name: "Tern",
    platforms: [.macOS(.v15), .iOS(.v18)],
    products: [
        .library(name: "Tern", targets: ["Tern"]),
        .library(name: "TernDownload", targets: ["TernDownload"]),
        .executable(name: "tern", targets: ["TernCLI"]),
        .executable(name: "parity", targets: ["ParityRunner"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-numerics", from: "1.1.1"),
    ],
    targets: [
        .target(
            name: "CTernCPU",
            cSettings: [.unsafeFlags(kernelFlags)],
            cxxSettings: [.unsafeFlags(kernelFlags + ["-fno-exceptions", "-fno-rtti"])]),
        .target(
            name: "TernCore",
            dependencies: [
                "CTernCPU", .product(name: "ComplexModule", package: "swift-numerics"),
                .product(name: "RealModule", package: "swift-numerics"),
            ]),
        .target(name: "TernNN", dependencies: ["TernCore", .product(name: "RealModule", package: "swift-numerics")]),
        .systemLibrary(name: "CZlib", path: "Sources/CZlib"),
        .target(name: "TernIO", dependencies: ["TernNN", "CZlib"]),
        .target(name: "TernData", dependencies: ["TernCore", "CZlib"]),
        .target(name: "TernDownload", dependencies: ["TernData"]),
        .target(name: "TernTrain", dependencies: ["TernIO", "TernData"]),
        .target(name: "Tern", dependencies: ["TernCore", "TernNN", "TernIO", "TernData", "TernTrain"]),
        // Each section's source, again as text (links): what the book shows is what runs.
        .target(
            name: "TernBook", dependencies: ["Tern"],
            resources: (["Readme", "Autograd"] + (1...6).map { "Section5_\($0)" }).map { .embedInCode("Text/\($0).txt") }),
        .executableTarget(
            name: "TernCLI",
            dependencies: ["Tern", "TernBook", "TernDownload", .product(name: "ArgumentParser", package: "swift-argument-parser")]),
        .target(name: "ParityKit", dependencies: ["Tern", "TernIO", .product(name: "ComplexModule", package: "swift-numerics")]),
        .executableTarget(name: "ParityRunner", dependencies: ["ParityKit"]),
        // Short programs, each about one thing: swift run TiedMLP.
        .executableTarget(name: "TiedMLP", dependencies: ["Tern"], path: "Examples/TiedMLP"),
        .executableTarget(name: "ParallelBlocks", dependencies: ["Tern"], path: "Examples/ParallelBlocks"),
        .executableTarget(name: "CustomInitializers", dependencies: ["Tern"], path: "Examples/CustomInitializers"),
        .executableTarget(name: "Resuming", dependencies: ["Tern"], path: "Examples/Resuming"),
        .executableTarget(
            name: "CharacterGRU",
            dependencies: ["Tern", "TernDownload", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            path: "Examples/CharacterGRU"),
        // Optimised in debug builds too, as the kernels are: the reference that they are compared with is slow enough as it is.
        .testTarget(name: "TernCoreTests", dependencies: ["TernCore"], exclude: ["PyTorch"], swiftSettings: [.unsafeFlags(["-O"])]),
        .testTarget(name: "TernNNTests", dependencies: ["Tern", "CMallocCount"]),
        .target(name: "CMallocCount", path: "Tests/CMallocCount"),
        .testTarget(name: "TernIOTests", dependencies: ["TernIO"]),
        .testTarget(name: "TernDataTests", dependencies: ["TernData"]),
        .testTarget(name: "ParityTests", dependencies: ["ParityKit", "Tern"]),
        .testTarget(name: "TernBookTests", dependencies: ["TernBook"], exclude: ["PyTorch"]),
        .testTarget(name: "TernDownloadTests", dependencies: ["TernDownload"]),
        .testTarget(name: "TernTrainTests", dependencies: ["TernTrain", "TernData", "Resuming"]),
        .testTarget(name: "TernCLITests", dependencies: ["TernCLI", "Tern"]),
    ],
    cxxLanguageStandard: .cxx20
)

// Only who builds the documentation needs its plugin: see CONTRIBUTING.
if Context.environment["TERN_DOCS"] != nil {
    package.dependencies.append(.package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0"))
}
