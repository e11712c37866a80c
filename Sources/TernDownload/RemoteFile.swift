/// A file that can be downloaded: where it is, what it must contain, and what it is called here.
public struct RemoteFile: Hashable, Sendable {
    /// Its path below the cache folder, such as `mnist/train-labels-idx1-ubyte.gz`.
    public let name: String
    /// Its SHA-256 sum, 64 hexadecimal digits.
    public let sha256: String
    /// Its http or https addresses, in the order to try them.
    public let mirrors: [String]
    /// The most bytes to accept from a server.
    public let limit: Int

    /// A file to download.
    ///
    /// - Parameters:
    ///   - name: Its path below the cache folder; relative and without `..`.
    ///   - sha256: Its SHA-256 sum, 64 hexadecimal digits.
    ///   - mirrors: Its http or https addresses, in the order to try them.
    ///   - limit: The most bytes to accept from a server. Default 1 GiB.
    public init(_ name: String, sha256: String, mirrors: [String], limit: Int = 1 << 30) {
        self.name = name
        self.sha256 = sha256.lowercased()
        self.mirrors = mirrors
        self.limit = limit
    }
}

/// The four files of MNIST: 60,000 training and 10,000 test pictures of handwritten digits, 11.6 MB in all.
public enum MNISTFile: String, CaseIterable, Sendable {
    /// 60,000 pictures to train with.
    case trainImages = "train-images-idx3-ubyte.gz"
    /// Their digits.
    case trainLabels = "train-labels-idx1-ubyte.gz"
    /// 10,000 pictures to test with.
    case testImages = "t10k-images-idx3-ubyte.gz"
    /// Their digits.
    case testLabels = "t10k-labels-idx1-ubyte.gz"

    /// Where the file is and what it must contain.
    public var remote: RemoteFile {
        let sum =
            switch self {
            case .trainImages: "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"
            case .trainLabels: "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"
            case .testImages: "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"
            case .testLabels: "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"
            }
        let hosts = ["https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/"]
        return RemoteFile("mnist/" + rawValue, sha256: sum, mirrors: hosts.map { $0 + rawValue }, limit: 16 << 20)
    }
}
