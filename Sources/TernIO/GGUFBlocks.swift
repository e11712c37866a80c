import TernCore

/// How GGUF stores elements: as they are, or in blocks of 32 or 256 that share their scales.
public enum GGUFType: UInt32, Sendable, CaseIterable {
    /// Numbers as they are.
    case f32 = 0, f16 = 1, i8 = 24, i16 = 25, i32 = 26, i64 = 27, f64 = 28, bf16 = 30
    /// Blocks of 32: 4, 5 or 8 bits each and a scale, those ending in 1 with a minimum too.
    case q4_0 = 2, q4_1 = 3, q5_0 = 6, q5_1 = 7, q8_0 = 8
    /// Blocks of 256: 2 to 6 bits each, and scales of parts of the block, themselves packed.
    case q2_k = 10, q3_k = 11, q4_k = 12, q5_k = 13, q6_k = 14
    /// Others, in blocks of 32 or 256, which are listed and can't be loaded.
    case q8_1 = 9, q8_k = 15, iq2_xxs = 16, iq2_xs = 17, iq3_xxs = 18, iq1_s = 19, iq4_nl = 20, iq3_s = 21, iq2_s = 22, iq4_xs = 23
    case iq1_m = 29, tq1_0 = 34, tq2_0 = 35, mxfp4 = 39

    /// Elements of a block; 1 where elements stand for themselves.
    public var blockCount: Int {
        switch self {
        case .f32, .f16, .i8, .i16, .i32, .i64, .f64, .bf16: 1
        case .q4_0, .q4_1, .q5_0, .q5_1, .q8_0, .q8_1, .iq4_nl, .mxfp4: 32
        default: 256
        }
    }
    /// Bytes of a block.
    public var blockSize: Int {
        switch self {
        case .q4_0: 18
        case .q4_1: 20
        case .q5_0: 22
        case .q5_1: 24
        case .q8_0: 34
        case .q2_k: 84
        case .q3_k: 110
        case .q4_k: 144
        case .q5_k: 176
        case .q6_k: 210
        case .q8_1: 36
        case .q8_k: 292
        case .iq1_s: 50
        case .iq1_m: 56
        case .iq2_xxs: 66
        case .iq2_xs: 74
        case .iq2_s: 82
        case .iq3_xxs: 98
        case .iq3_s: 110
        case .iq4_nl: 18
        case .iq4_xs: 136
        case .tq1_0: 54
        case .tq2_0: 66
        case .mxfp4: 17
        default: dtype.itemSize
        }
    }
    /// Whether tensors of it can be loaded.
    public var isReadable: Bool { blockCount == 1 || rawValue <= 14 && self != .q8_1 }
    /// The dtype of what is loaded: `float32` for blocks.
    public var dtype: DType {
        switch self {
        case .f16: .float16
        case .bf16: .bfloat16
        case .f64: .float64
        case .i8: .int8
        case .i16: .int16
        case .i32: .int32
        case .i64: .int64
        default: .float32
        }
    }
    /// `float32` for numbers as they are, the type's own name for blocks.
    public var name: String { blockCount == 1 ? dtype.name : "\(self)" }

    /// Writes the elements of one block, in `float32`, computed in the order of the format's reference code.
    func unpack(_ block: UnsafePointer<UInt8>, _ y: UnsafeMutablePointer<Float>) {
        switch self {
        case .q4_0:
            let d = half(block)
            for j in 0..<16 {
                y[j] = Float(Int(block[2 + j] & 15) - 8) * d
                y[j + 16] = Float(Int(block[2 + j] >> 4) - 8) * d
            }
        case .q4_1:
            let d = half(block), m = half(block + 2)
            for j in 0..<16 {
                y[j] = Float(block[4 + j] & 15) * d + m
                y[j + 16] = Float(block[4 + j] >> 4) * d + m
            }
        case .q5_0:
            let d = half(block), high = UnsafeRawPointer(block + 2).loadUnaligned(as: UInt32.self)
            for j in 0..<16 {
                y[j] = Float(Int(block[6 + j] & 15) + bit5(high, j) - 16) * d
                y[j + 16] = Float(Int(block[6 + j] >> 4) + bit5(high, j + 16) - 16) * d
            }
        case .q5_1:
            let d = half(block), m = half(block + 2), high = UnsafeRawPointer(block + 4).loadUnaligned(as: UInt32.self)
            for j in 0..<16 {
                y[j] = Float(Int(block[8 + j] & 15) + bit5(high, j)) * d + m
                y[j + 16] = Float(Int(block[8 + j] >> 4) + bit5(high, j + 16)) * d + m
            }
        case .q8_0:
            let d = half(block)
            for j in 0..<32 { y[j] = Float(Int8(bitPattern: block[2 + j])) * d }
        case .q2_k:
            let d = half(block + 80), m = half(block + 82)
            for part in 0..<16 {
                let scale = d * Float(block[part] & 15), low = m * Float(block[part] >> 4)
                let bytes = block + 16 + part / 8 * 32 + part % 2 * 16, shift = UInt8(part % 8 / 2 * 2)
                for l in 0..<16 { y[part * 16 + l] = scale * Float((bytes[l] >> shift) & 3) - low }
            }
        case .q3_k:
            let d = half(block + 108), scales = block + 96
            for part in 0..<16 {
                // Of each scale four bits stand in the first eight bytes, two in the last four.
                let low = scales[part % 8] >> UInt8(part / 8 * 4) & 15, high = scales[8 + part % 4] >> UInt8(part / 4 * 2) & 3
                let scale = d * Float(Int(low | high << 4) - 32)
                let group = part / 8, quarter = part % 8 / 2, column = part % 2 * 16
                let bytes = block + 32 + group * 32 + column, mask: UInt8 = 1 << UInt8(group * 4 + quarter)
                for l in 0..<16 {
                    let bits = Int(bytes[l] >> UInt8(quarter * 2) & 3)
                    y[part * 16 + l] = scale * Float(block[column + l] & mask == 0 ? bits - 4 : bits)
                }
            }
        case .q4_k, .q5_k:
            let d = half(block), m = half(block + 2)
            let high = block + 16, low = block + (self == .q4_k ? 16 : 48)
            for part in 0..<8 {
                let (s, b) = scaleAndMinimum(block + 4, part)
                let scale = d * Float(s), base = m * Float(b)
                let bytes = low + part / 2 * 32, shift = UInt8(part % 2 * 4)
                for l in 0..<32 {
                    let extra: UInt8 = self == .q5_k ? (high[l] >> UInt8(part) & 1) << 4 : 0
                    y[part * 32 + l] = scale * Float((bytes[l] >> shift & 15) + extra) - base
                }
            }
        case .q6_k:
            let d = half(block + 208)
            for part in 0..<16 {
                let scale = d * Float(Int8(bitPattern: block[192 + part]))
                // Eight parts of 16 share 64 bytes of low bits and 32 bytes of high ones.
                let group = part / 8, quarter = part % 8 / 2, column = part % 2 * 16
                let low = block + group * 64 + quarter % 2 * 32 + column, high = block + 128 + group * 32 + column
                for l in 0..<16 {
                    let bits = (low[l] >> UInt8(quarter / 2 * 4) & 15) | (high[l] >> UInt8(quarter * 2) & 3) << 4
                    y[part * 16 + l] = scale * Float(Int(bits) - 32)
                }
            }
        default: break
        }
    }
}

/// The `float16` at that address.
private func half(_ p: UnsafePointer<UInt8>) -> Float {
    let bits = UInt32(p[0]) | UInt32(p[1]) << 8
    let sign = (bits & 0x8000) << 16, exponent = bits >> 10 & 31, fraction = bits & 1023
    switch exponent {
    case 0: return (sign == 0 ? 1 : -1) * Float(fraction) * 0x1p-24
    case 31: return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
    default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
    }
}
private func bit5(_ high: UInt32, _ j: Int) -> Int { Int(high >> UInt32(j) & 1) << 4 }

/// The scale and the minimum of part `j`, 6 bits each: of the first four parts in a byte's low bits, of the others in what is left.
private func scaleAndMinimum(_ q: UnsafePointer<UInt8>, _ j: Int) -> (UInt8, UInt8) {
    j < 4 ? (q[j] & 63, q[j + 4] & 63) : ((q[j + 4] & 15) | (q[j - 4] >> 6) << 4, q[j + 4] >> 4 | (q[j] >> 6) << 4)
}
