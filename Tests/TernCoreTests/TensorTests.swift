import Testing

@testable import TernCore

@Suite struct TensorTests {
    @Test func literalsAndShapes() throws {
        let x = Tensor([[1, 2, 3], [4, 5, 6]])
        #expect(x.shape == [2, 3] && x.dtype == .int64 && x.count == 6)
        #expect(Tensor([1.5, 2]).dtype == .float32 && Tensor(true).dtype == .bool && Tensor(1.0).rank == 0)
        #expect("\(x.shape)" == "torch.Size([2, 3])")
        let error = #expect(throws: TensorError.self) { try recovering { Tensor([[1, 2], [3]]) } }
        #expect(error?.message.contains("(2)") == true && error?.message.contains("(1)") == true)
    }

    @Test func copiesAreIndependent() {
        let a = Tensor([1.0, 2, 3])
        var b = a
        b[0] = Tensor(9.0)
        b += 1
        #expect(a.array(of: Float.self) == [1, 2, 3] && b.array(of: Float.self) == [10, 3, 4])
        var row = Tensor([[1.0, 2], [3, 4]])
        let view = row[1]
        row[1, 0] = Tensor(7.0)
        #expect(view.array(of: Float.self) == [3, 4] && row.array(of: Float.self) == [1, 2, 7, 4])
    }

    @Test func viewsShareMemoryUntilWritten() {
        let x = Tensor.arange(12).reshape(3, 4)
        let t = x.t(), s = x[1, 1..<3]
        #expect(t.storage === x.storage && s.storage === x.storage && x.reshape(2, 6).storage === x.storage)
        #expect(t.array(of: Int.self) == [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11] && s.array(of: Int.self) == [5, 6])
        #expect(t.reshape(12).array(of: Int.self) == t.array(of: Int.self))
        #expect(x.expand(2, 3, 4).storage === x.storage)
    }

    @Test func indexing() {
        let x = Tensor.arange(24).reshape(2, 3, 4)
        #expect(x[-1, 0, 2].intValue == 14)
        #expect(x[..., 0].array(of: Int.self) == [0, 4, 8, 12, 16, 20])
        #expect(x[0, ..., 1].array(of: Int.self) == [1, 5, 9])
        #expect(x[0, 0, stride(from: 0, to: 4, by: 2)].array(of: Int.self) == [0, 2])
        #expect(x[0..<1, TensorIndex.newAxis].shape == [1, 1, 3, 4])
        #expect(x[0, (-2)..., 3].array(of: Int.self) == [7, 11])
        #expect(x[x .> 20].array(of: Int.self) == [21, 22, 23])
        #expect(x[0..., Tensor([2, 0])].shape == [2, 2, 4])
        #expect(x[Tensor([0, 1]), 0..., Tensor([3, 0])].array(of: Int.self) == [3, 7, 11, 12, 16, 20])
        #expect(x[[1, 0], [2, 0]].array(of: Int.self) == [20, 21, 22, 23, 0, 1, 2, 3])
    }

    @Test func assignment() {
        var x = Tensor.zeros(3, 4)
        x[1] = Tensor.arange(4)
        x[..., 0] = Tensor(5.0)
        x[2, 1...2] += 3
        #expect(x.array(of: Float.self) == [5, 0, 0, 0, 5, 1, 2, 3, 5, 3, 3, 0])
        x[x .== 5] = Tensor(-1.0)
        #expect(x[..., 0].array(of: Float.self) == [-1, -1, -1])
        x[Tensor([0, 2]), Tensor([3, 3])] = Tensor([7.0, 8])
        #expect(x[0, 3].doubleValue == 7 && x[2, 3].doubleValue == 8)
        var y = Tensor.arange(6)
        y[1...] = y[..<5]  // the right side is read before the left is written
        #expect(y.array(of: Int.self) == [0, 0, 1, 2, 3, 4])
        var z = Tensor.ones(2, 2)
        z[...] *= 3
        #expect(z.array(of: Float.self) == [3, 3, 3, 3])
    }

    @Test func promotion() {
        #expect((Tensor([1, 2]) * 2).dtype == .int64)
        #expect((Tensor([1, 2]) * 2.5).dtype == .float32)
        #expect((Tensor([1, 2]) / 2).dtype == .float32)
        #expect((Tensor([1, 2], dtype: .float16) + Tensor([1, 2], dtype: .bfloat16)).dtype == .float32)
        #expect((Tensor([1, 2], dtype: .uint8) + Tensor([1, 2], dtype: .int8)).dtype == .int16)
        #expect((Tensor([1, 2], dtype: .float32) + Tensor(1, dtype: .float64)).dtype == .float32)
        #expect((Tensor([1, 2]) + Tensor(1, dtype: .float64)).dtype == .float64)
        #expect((Tensor([true]) + Tensor([true])).dtype == .bool)
        #expect(Tensor([true, true]).sum().dtype == .int64)
        #expect((Tensor([1.0]) .> 0).dtype == .bool)
    }

    @Test func inPlaceWritesCopyNothingWhenUnshared() {
        var x = Tensor.ones(100)
        let before = x.storage.pointer
        x += 1
        x *= Tensor.full([100], 2.0)
        x[3] = Tensor(0.0)
        #expect(x.storage.pointer == before)
        #expect(x[0].doubleValue == 4 && x[3].doubleValue == 0)
    }

    @Test func inPlaceErrorsLeaveTheTensorAlone() throws {
        var x = Tensor([1, 2])
        let error = #expect(throws: TensorError.self) { try recovering { x += 1.5 } }
        #expect(error?.op == "add" && x.array(of: Int.self) == [1, 2])
        var y = Tensor.ones(2)
        #expect(throws: TensorError.self) { try recovering { y += Tensor.ones(3, 2) } }
        #expect(y.array(of: Float.self) == [1, 1])
    }

    @Test func errorsNameOpAndShapes() throws {
        let error = #expect(throws: TensorError.self) { try recovering { Tensor.ones(2, 3).matmul(Tensor.ones(4, 5)) } }
        #expect(error?.op == "mm" && error?.message.contains("(2, 3)") == true && error?.message.contains("(4, 5)") == true)
        let sum = #expect(throws: TensorError.self) { try recovering { Tensor.ones(2, 3) + Tensor.ones(4) } }
        #expect("\(sum!)".hasPrefix("add: shapes (2, 3) and (4) do not broadcast"))
        // The first error counts; what follows is passed on as poison, and nothing traps.
        let first = #expect(throws: TensorError.self) {
            try recovering { () -> Float in
                let bad = Tensor.ones(2, 3) + Tensor.ones(4)
                return (bad.relu().sum() + Tensor.ones(2).shape[7]).item()
            }
        }
        #expect(first == sum)
        #expect(try recovering { Tensor.ones(2).sum().item(Float.self) } == 2)
    }

    @Test func uncaughtErrorsEndTheProcessWithTheirText() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tensor.ones(2, 3).matmul(Tensor.ones(4, 5))
        }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(text.contains("mm: shapes (2, 3) and (4, 5) can't be multiplied"))
    }

    @Test func devices() throws {
        #expect(
            "\(Device.cpu), \(Device.cuda), \(Device.cuda(1))" == "device(type='cpu'), device(type='cuda'), device(type='cuda', index=1)")
        #expect(Device.cudaCount == 0 && tryGPU() == .cpu && tryGPU(10) == .cpu && tryAllGPUs() == [.cpu])
        let x = Tensor.ones(2, 3)
        #expect(x.to(.cpu).isSameStorage(as: x))
        let error = #expect(throws: TensorError.self) { try recovering { Tensor.ones(2, 3, device: .cuda(1)) } }
        #expect(error?.kind == .device && error?.description.contains("cuda:1") == true)
        let mixed = #expect(throws: TensorError.self) { try recovering { x + Tensor.ones(2, 3, device: .meta) } }
        #expect(mixed?.message.contains("operand 1 (2, 3) is on cpu, operand 2 (2, 3) is on meta") == true)
        #expect(try Device("cuda:1") == .cuda(1))
        #expect(throws: TensorError.self) { try Device("tpu") }
        withDevice(.meta) { #expect(Tensor.ones(2).device == .meta) }
    }

    @Test func metaGivesShapesAlone() throws {
        let x = Tensor.ones(8, 3, device: .meta)
        let y = relu(x.matmul(Tensor.zeros(3, 5, device: .meta)) + 1).sum(1)
        #expect(y.shape == [8] && y.dtype == .float32)
        #expect(throws: TensorError.self) { try recovering { y.sum().item(Float.self) } }
    }

    @Test func tensorsOfManyDimensions() {
        let x = Tensor.arange(256).reshape([2, 2, 2, 2, 2, 2, 2, 2])
        #expect(x.permute(7, 6, 5, 4, 3, 2, 1, 0)[0, 0, 0, 0, 0, 0, 0, 1].intValue == 128)
        #expect((x + x.transpose(0, 7)).sum().intValue == 2 * 255 * 128)
    }
}
