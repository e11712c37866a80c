public import TernCore

/// The handwritten digits of MNIST, or the clothes of Fashion-MNIST, which come in files of the same names.
///
/// A sample is a picture of shape (1, 28, 28) with brightness in 0...1 and its label, 0-dim `int64`. In memory pictures stay bytes.
///
///     let train = try MNIST(folder: "data/mnist")
///     for (x, y) in DataLoader(train, batchSize: 64, shuffle: true) { … }
///
/// Source: `torchvision.datasets.MNIST` with the transform `ToTensor`.
public struct MNIST: Dataset, Sendable {
    /// The pictures as stored: (N, 28, 28), `uint8`.
    public let data: Tensor
    /// The labels: (N), `int64`.
    public let targets: Tensor

    /// Reads the training or the test files (`train-images-idx3-ubyte` and so on, packed as `.gz` or not) in a folder.
    /// - Parameter train: default true.
    /// - Throws: `DataFileError` where a file is missing, damaged, or does not hold what it should.
    public init(folder: String, train: Bool = true) throws(DataFileError) {
        let name = train ? "train" : "t10k"
        let (images, imagesPath) = try MNIST.read(folder, "\(name)-images-idx3-ubyte")
        let (labels, labelsPath) = try MNIST.read(folder, "\(name)-labels-idx1-ubyte")
        guard images.element == .uint8, images.shape.count == 3 else {
            throw DataFileError(
                file: imagesPath, problem: .unexpected("pictures are uint8 of shape (N, 28, 28), not \(images.element) of \(images.shape)"))
        }
        guard labels.element == .uint8, labels.shape == [images.shape[0]] else {
            throw DataFileError(
                file: labelsPath,
                problem: .unexpected(
                    "labels are uint8, one for each of \(images.shape[0]) pictures, not \(labels.element) of \(labels.shape)"))
        }
        data = images.tensor
        targets = labels.tensor.to(.int64)
    }

    private static func read(_ folder: String, _ name: String) throws(DataFileError) -> (IDX, path: String) {
        let path = folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
        do throws(DataFileError) {
            return (try IDX(path: path), path)
        } catch {
            guard case .unreadable = error.problem else { throw error }
            // What is wrong is said of the packed file, in whose form the data set is handed out.
            return (try IDX(path: path + ".gz"), path + ".gz")
        }
    }

    /// The number of pictures.
    public var count: Int { data.shape[0] }
    /// A picture (1, 28, 28) of floats in 0...1, and its digit (), `int64`.
    public subscript(index: Int) -> (Tensor, Tensor) { (MNIST.brightness(data.select(0, index)), targets.select(0, index)) }
    /// Pictures (n, 1, 28, 28) of floats in 0...1, and their digits (n), `int64`.
    public func batch(_ indices: [Int]) -> (Tensor, Tensor) { (MNIST.brightness(data.rows(indices)), targets.rows(indices)) }

    /// All pictures as floats in 0...1: (N, 1, 28, 28). Takes four times the memory of `data`.
    public var images: Tensor { MNIST.brightness(data) }
    /// All labels: `targets`.
    public var labels: Tensor { targets }

    private static func brightness(_ bytes: Tensor) -> Tensor { noGrad { bytes.unsqueeze(-3).to(.float32) / 255.0 } }
}

extension IDX {
    /// The array as a tensor of its shape and type.
    public var tensor: Tensor {
        let dtype: DType =
            switch element {
            case .uint8: .uint8
            case .int8: .int8
            case .int16: .int16
            case .int32: .int32
            case .float32: .float32
            case .float64: .float64
            }
        var tensor = Tensor.empty(Shape(shape), dtype: dtype, device: .cpu)
        tensor.withUnsafeMutableBytes { $0.copyBytes(from: bytes) }
        return tensor
    }
}
