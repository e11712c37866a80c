import CTernCPU
import Foundation
import Synchronization
import Testing

@testable import TernCore

/// Sizes beyond all bounds, and chains that are long: what ends a process that is not careful.
@Suite struct LimitsTests {
    @Test func moreThan64DimensionsAreRefused() {
        let calls: [(String, (Tensor) -> Tensor)] = [
            ("expand", { $0.expand(Shape(repeating: 2, count: 65)) }), ("expand", { $0.expand(Shape(repeating: 1, count: 400)) }),
            ("reshape", { $0.reshape(Shape(repeating: 1, count: 65)) }), ("view", { $0.view(Shape(repeating: 1, count: 65)) }),
            ("unsqueeze", { $0.reshape(Shape(repeating: 1, count: 64)).unsqueeze(3) }),
            ("unfold", { $0.reshape(Shape(repeating: 1, count: 64)).unfold(0, size: 1, step: 1) }),
            ("zeros", { _ in Tensor.zeros(Shape(repeating: 1, count: 65)) }),
            ("empty", { _ in Tensor.empty(Shape(repeating: 1, count: 65)) }),
            ("tensor", { _ in Tensor([1.0], shape: Shape(repeating: 1, count: 65)) }),
            ("index", { $0.reshape(Shape(repeating: 1, count: 64))[Tensor([[0]])] }),
        ]
        for (op, call) in calls {
            let error = #expect(throws: TensorError.self) { try recovering { call(Tensor.ones(1)) } }
            #expect(error?.op == op && error?.message.contains("at most 64 dimensions") == true)
        }
    }

    @Test func sixtyFourDimensionsWork() {
        var x = Tensor.arange(2).reshape(Shape([Int](repeating: 1, count: 63) + [2]))
        x = x.transpose(0, 63) + 1
        #expect(x.shape[0] == 2 && x.array(of: Int.self) == [1, 2] && x.nonzero().shape == [2, 64])
        #expect(x.sum().intValue == 3 && x.permute((0..<64).reversed()).flip(63).flatten().array(of: Int.self) == [2, 1])
    }

    /// The kernels by themselves: they say that they do nothing.
    @Test func kernelsRefuseMoreDimensionsThanTheyGoThrough() {
        let sizes = UnsafeMutablePointer<Int64>.allocate(capacity: 400), steps = UnsafeMutablePointer<Int64>.allocate(capacity: 400)
        let number = UnsafeMutablePointer<Float>.allocate(capacity: 1)
        defer {
            sizes.deallocate()
            steps.deallocate()
            number.deallocate()
        }
        sizes.initialize(repeating: 2, count: 400)
        steps.initialize(repeating: 0, count: 400)
        number.initialize(to: 3)
        var x = TernArray(data: number, shape: sizes, strides: steps, rank: 400, dtype: DType.float32.code)
        var out = x
        #expect(tern_count_nonzero(&x) == 0 && !tern_copy(&out, &x) && !tern_accumulate(&out, &x))
        #expect(!tern_binary(TERN_BINARY_add, &out, &x, &x) && number.pointee == 3)
    }

    @Test func elementsThatCannotBeCounted() {
        for call in [
            { Tensor.ones(1).expand(1 << 40, 1 << 40) }, { Tensor.ones(1).expand(1 << 31, 1 << 32) + 1 },
            { Tensor.ones(1).expand(1 << 31, 1 << 31) + 1 }, { Tensor.ones(1 << 20).unsqueeze(1).expand(1 << 20, 1 << 43) },
        ] {
            let error = #expect(throws: TensorError.self) { try recovering(call) }
            #expect(error?.message.contains("can't be counted") == true)
        }
        #expect(Tensor.zeros(0, 1 << 31).expand(4, 0, 1 << 31).count == 0)
    }

    /// Windows, steps and margins beyond all bounds: errors, whatever they are multiplied with.
    @Test func sizesThatCannotBeCounted() {
        let x = Tensor.ones(1, 1, 4, 4), w = Tensor.ones(1, 1, 2, 2), row = Tensor.ones(1, 1, 4)
        let tall = Tensor.ones(1).expand(1, 1, 1 << 40, 4), places = Tensor.zeros(1, 1, 4, 4, dtype: .int64)
        for n in [1 << 31, 1 << 48, 1 << 62, .max, .min, -1 << 62] {
            let calls: [(String, () -> Tensor)] = [
                ("avg_pool2d", { avgPool2d(x, kernelSize: n, stride: n, padding: n) }),
                ("avg_pool2d", { avgPool2d(x, kernelSize: 2, stride: n) }),
                ("max_pool2d", { maxPool2d(x, kernelSize: 2, dilation: n, ceilMode: true) }),
                ("max_pool2d", { maxPool2d(x, kernelSize: n) }),
                ("lp_pool2d", { lpPool2d(x, p: 2, kernelSize: n) }), ("max_unpool2d", { maxUnpool2d(x, places, kernelSize: n, stride: n) }),
                ("max_unpool2d", { maxUnpool2d(x, places, kernelSize: 2, padding: n) }),
                ("max_unpool2d", { maxUnpool2d(x, places, kernelSize: 2, outputSize: [n, n]) }),
                ("conv2d", { conv2d(x, w, padding: n, dilation: n) }), ("conv2d", { conv2d(x, w, stride: n) }),
                ("conv2d", { conv2d(x, w, padding: [0, n]) }), ("conv2d", { conv2d(x, w, padding: .same, dilation: n) }),
                ("conv_transpose2d", { convTranspose2d(x, w, stride: n) }), ("conv_transpose2d", { convTranspose2d(x, w, padding: n) }),
                ("conv_transpose2d", { convTranspose2d(x, w, outputPadding: n, dilation: n) }),
                ("unfold", { unfold(x, kernelSize: n, padding: n) }), ("unfold", { unfold(x, kernelSize: 2, dilation: n) }),
                ("fold", { fold(Tensor.ones(1, 4, 9), outputSize: n, kernelSize: n, padding: n) }),
                ("interpolate", { interpolate(x, size: n) }), ("interpolate", { interpolate(x, scaleFactor: [Double(n)]) }),
                ("adaptive_avg_pool2d", { adaptiveAvgPool2d(x, outputSize: n) }),
                ("adaptive_max_pool1d", { adaptiveMaxPool1d(row, outputSize: n) }),
                ("unflatten", { x.unflatten(2, [n, n]) }), ("unflatten", { x.unflatten(2, [-1, n, n]) }),
            ]
            for (op, call) in calls {
                let error = #expect(throws: TensorError.self, "\(op) with \(n)") { try recovering(call) }
                #expect(error?.op == op)
            }
        }
        for (op, call) in [
            ("conv_transpose2d", { convTranspose2d(tall, w, stride: 1 << 30) }),
            ("interpolate", { interpolate(x, scaleFactor: [.infinity]) }),
            ("repeat", { x.repeated(1, 1, .max, .max) }), ("repeat_interleave", { x.repeatInterleave(.max, dim: 2) }),
            ("fold", { fold(Tensor.ones(1, 4, 9), outputSize: 2, kernelSize: (1 << 31) - 1) }),
        ] as [(String, () -> Tensor)] {
            #expect(throws: TensorError.self, "\(op)") { try recovering(call) }
        }
    }

    @Test func marginsThatCannotBeCounted() {
        let x = Tensor.ones(2, 3)
        for amounts in [
            [Int.min, 0], [0, .min], [.max, .max], [1 << 62, 0], [1 << 60, 1 << 60], [-1 << 60, 1 << 60, 1 << 60, 1 << 60],
        ] {
            for mode in [PaddingMode.constant, .reflect, .replicate, .circular] {
                #expect(throws: TensorError.self, "\(amounts) \(mode)") { try recovering { x.pad(amounts, mode: mode) } }
            }
        }
        let error = #expect(throws: TensorError.self) { try recovering { x.pad([1 << 50, 0], mode: .replicate) } }
        #expect(error?.kind == .memory && error?.op != "memory", "named by the op inside that asked")
    }

    @Test func memoryThatIsNotThere() {
        let wide = Tensor.ones(1).expand(1 << 50)
        let calls: [(String, () -> Tensor)] = [
            ("zeros", { Tensor.zeros(1 << 50) }), ("ones", { Tensor.ones(1 << 50) }), ("add", { wide + 1 }), ("exp", { wide.exp() }),
            ("clone", { wide.contiguous() }), ("to_copy", { wide.to(.float64) }), ("cumsum", { wide.cumsum(0) }),
            ("sort", { wide.sort(0).values }), ("cat", { cat([wide, wide]) }), ("gt", { `where`(wide .> 0, wide, 1) }),
            ("where", { `where`(Tensor([true]), wide, 1) }), ("rand", { Tensor.rand(1 << 50) }),
            ("mm", { wide.unsqueeze(1).mm(Tensor.ones(1, 2)) }), ("eye", { Tensor.eye(1 << 25) }), ("clone", { wide.clone() + 1 }),
            ("add", { Tensor.ones(1 << 20, 1) + Tensor.ones(1).expand(1, 1 << 30) }),
            ("bmm", { wide.reshape(1 << 25, 1 << 25, 1).bmm(Tensor.ones(1).expand(1 << 25, 1, 2)) }),
            ("softmax", { wide.softmax(0) }), ("gather", { Tensor.ones(1).gather(0, Tensor.zeros(1, dtype: .int64).expand(1 << 50)) }),
            (
                "clone",
                {
                    var x = wide
                    x[0] = 1
                    return x
                }
            ),
            (
                "add",
                {
                    var x = wide
                    x += 1
                    return x
                }
            ),
        ]
        for (op, call) in calls {
            let error = #expect(throws: TensorError.self) { try recovering(call) }
            #expect(error?.kind == .memory && error?.op == op, "\(op): \(String(describing: error))")
            #expect(error?.message.hasPrefix("cpu has not the ") == true && error?.message.contains("bytes that the shape (") == true)
        }
        #expect((Tensor.ones(2) + 1).array(of: Float.self) == [2, 2])
        var kept = wide
        _ = try? recovering { kept[0] = 1 }
        #expect(kept.shape == [1 << 50] && !kept.holdsPoison)
        #expect(throws: TensorError.self) { try recovering { wide.array(of: Float.self).count } }
    }

    /// On a thread with little room on its stack.
    private func onSmallStack(_ body: @escaping @Sendable () -> Void) {
        let done = DispatchSemaphore(value: 0)
        let thread = Thread {
            body()
            done.signal()
        }
        thread.stackSize = 512 << 10
        thread.start()
        done.wait()
    }

    @Test func longChainsOfCheckpointsAreFreed() {
        onSmallStack {
            var x = Tensor([1.0], requiresGrad: true)
            for _ in 0..<5000 {
                let before = x
                x = checkpoint { before * 1 }
            }
        }
        onSmallStack {
            let start = Tensor([1.0], requiresGrad: true)
            var x = start
            for _ in 0..<5000 {
                let before = x
                x = checkpoint { before.exp().log() }
            }
            x.sum().backward()
            #expect(start.grad != nil)
        }
    }

    @Test func shapesOfManyDimensions() {
        var shape = Shape([1, 2, 3, 4, 5, 6, 7, 8])
        shape.append(9)
        shape.insert(0, at: 0)
        #expect(shape == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
        shape.remove(at: 0)
        shape.remove(at: 8)
        #expect(shape == [1, 2, 3, 4, 5, 6, 7, 8] && shape[-1] == 8)
        #expect(Shape(count: 10) { $0 * 2 } == Shape((0..<10).map { $0 * 2 }) && Shape(count: 2) { $0 } == [0, 1])
        let x = Tensor.arange(24).reshape(1, 2, 1, 3, 1, 4, 1, 1, 1, 1)
        #expect(x.transpose(1, 5).transpose(1, 5).flatten().array(of: Int.self) == Array(0..<24))
        #expect((x.transpose(1, 5) + Tensor.zeros(2, dtype: .int64)).shape == [1, 4, 1, 3, 1, 2, 1, 1, 1, 2])
    }

    @Test func aBackendThatWasReplacedStays() async {
        await #expect(processExitsWith: .success) {
            weak var first: ReferenceBackend?
            let x: Tensor
            do {
                let backend = ReferenceBackend()
                first = backend
                Backends.register(backend)
                x = Tensor(empty: [2], .float32, on: backend, for: "test")
            }
            Backends.register(ReferenceBackend())
            precondition(first != nil && x.device == Device(kind: .other))
        }
    }
}
