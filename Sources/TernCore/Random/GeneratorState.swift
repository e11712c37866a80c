import CTernCPU

/// The state as a tensor, in PyTorch's layout: what `torch.get_rng_state` gives and `torch.set_rng_state` takes.
extension GeneratorState {
    private static let byteCount = 5056
    /// Where things stand among the bytes; the seed comes first.
    private enum Place {
        static let left = 8, seeded = 12, next = 16, words = 24, normal = 5024, hasNormal = 5040, floatNormal = 5048, hasFloatNormal = 5052
    }

    /// A `uint8` tensor of 5056 elements. Source: `torch.get_rng_state`.
    public var tensor: Tensor {
        var bytes = [UInt8](repeating: 0, count: GeneratorState.byteCount)
        bytes.withUnsafeMutableBytes { bytes in
            bytes.storeBytes(of: value.seed, as: UInt64.self)
            bytes.storeBytes(of: value.left, toByteOffset: Place.left, as: Int32.self)
            bytes.storeBytes(of: 1, toByteOffset: Place.seeded, as: Int32.self)
            bytes.storeBytes(of: UInt64(value.next), toByteOffset: Place.next, as: UInt64.self)
            withUnsafeBytes(of: value.state) { words in
                for i in 0..<624 {
                    let word = UInt64(words.load(fromByteOffset: 4 * i, as: UInt32.self))
                    bytes.storeBytes(of: word, toByteOffset: Place.words + 8 * i, as: UInt64.self)
                }
            }
            if value.hasNextNormal {
                bytes.storeBytes(of: value.nextNormal, toByteOffset: Place.normal, as: Double.self)
                bytes.storeBytes(of: 1, toByteOffset: Place.hasNormal, as: Int32.self)
            }
            if value.hasNextFloatNormal {
                bytes.storeBytes(of: value.nextFloatNormal, toByteOffset: Place.floatNormal, as: Float.self)
                bytes.storeBytes(of: 1, toByteOffset: Place.hasFloatNormal, as: UInt8.self)
            }
        }
        return Tensor(bytes, device: .cpu)
    }

    /// The state that such a tensor holds. Source: `torch.set_rng_state`.
    /// - Throws: `TensorError` where it holds none.
    public init(_ tensor: Tensor) throws(TensorError) {
        guard tensor.dtype == .uint8, tensor.shape == [GeneratorState.byteCount], tensor.device.kind != .meta else {
            let found = "\(tensor.dtype) \(tensor.shape.brief)"
            throw .rule("GeneratorState", "the state of a generator is uint8 (\(GeneratorState.byteCount)), not \(found)")
        }
        let state: TernGenerator? = tensor.withUnsafeBytes { bytes in
            var state = TernGenerator()
            state.seed = bytes.load(as: UInt64.self)
            state.left = bytes.load(fromByteOffset: Place.left, as: Int32.self)
            let next = bytes.load(fromByteOffset: Place.next, as: UInt64.self)
            let isSeeded = bytes.load(fromByteOffset: Place.seeded, as: Int32.self) == 1
            // The numbers left and the next one's place: what the generator steps by must stay inside its 624 words.
            guard isSeeded, (1...624).contains(state.left), next <= 624, Int(next) + Int(state.left) <= 625 else { return nil }
            state.next = Int32(next)
            withUnsafeMutableBytes(of: &state.state) { words in
                for i in 0..<624 {
                    let word = bytes.load(fromByteOffset: Place.words + 8 * i, as: UInt64.self)
                    words.storeBytes(of: UInt32(truncatingIfNeeded: word), toByteOffset: 4 * i, as: UInt32.self)
                }
            }
            state.hasNextNormal = bytes.load(fromByteOffset: Place.hasNormal, as: Int32.self) != 0
            state.nextNormal = bytes.load(fromByteOffset: Place.normal, as: Double.self)
            state.hasNextFloatNormal = bytes[Place.hasFloatNormal] != 0
            state.nextFloatNormal = bytes.load(fromByteOffset: Place.floatNormal, as: Float.self)
            return state
        }
        guard let state else { throw .rule("GeneratorState", "the bytes are not the state of a generator") }
        value = state
    }
}
