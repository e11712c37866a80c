import Tern

/// Tensors live on a device: the CPU, which stands for all of its cores, or a GPU. Programs that ask for a GPU where there is none run on the
/// CPU.
func section5_6() async throws {
    cell("Devices")
    // They print as PyTorch's. Without a number, cuda is the first GPU.
    print((Device.cpu, Device.cuda, Device.cuda(1)))
    print(Device.cudaCount)

    cell("A GPU if there is one, else the CPU")
    print((tryGPU(), tryGPU(10), tryAllGPUs()))

    cell("Tensors are made on the CPU, unless told otherwise")
    manualSeed(0)
    let x = Tensor([1, 2, 3])
    print(x.device)
    let X = Tensor.ones(2, 3, device: tryGPU())
    print(X)
    let Y = Tensor.rand(2, 3, device: tryGPU(1))
    print(Y)

    cell("Operands meet on one device")
    let Z = X.to(Y.device)
    print(Y + Z)

    cell("What is there already is not copied")
    print(Z.to(Y.device).isSameStorage(as: Z))

    cell("A device that is not there")
    do { _ = try recovering { X.cuda(99) } } catch { print(error) }

    cell("Two devices in one op")
    // The device meta has shapes and no numbers: what a computation would give, at no cost.
    let shapes = Tensor.ones(2, 3, device: .meta)
    print(shapes + shapes)
    do { _ = try recovering { X + shapes } } catch { print(error) }

    cell("A network moves, and its parameters stay the same objects")
    let net = Sequential(Linear(3, 1))
    let before = net.parameters()
    try net.to(tryGPU())
    print(net(X))
    print(net[0].weight.device)
    print(zip(before, net.parameters()).allSatisfy { $0.isSame(as: $1) })

    cell("Exercise 1: large and small work", varies: true)
    // A product of two large matrices keeps all cores busy. Small products spend their time on being started: there a GPU is no faster.
    func milliseconds(_ times: Int, _ n: Int) -> String {
        let m = Tensor.rand(n, n)
        let start = monotonicSeconds()
        for _ in 0..<times { _ = m.matmul(m) }
        let spent = (monotonicSeconds() - start) * 1000 / Double(times)
        return "\(n) × \(n): \((spent * 1000).rounded() / 1000) ms"
    }
    print(milliseconds(10, 512))
    print(milliseconds(1000, 8))

    cell("Exercise 2: parameters of a network that is elsewhere")
    // Reading goes through cpu(); writing goes through data, and takes values from any place.
    print(net[0].weight.data.cpu().shape)
    net[0].weight.data[...] = Tensor.zeros(1, 3)
    print(net[0].weight.data.sum().doubleValue)

    cell("Exercise 3: a log that stays with the tensors", varies: true)
    // Asking for a number at each step waits for the step; a log of tensors is read once, at the end.
    let m = Tensor.rand(100, 100)
    func seconds(_ body: () -> Double) -> String {
        let start = monotonicSeconds()
        let norm = body()
        let spent = ((monotonicSeconds() - start) * 1000).rounded() / 1000
        return "\(spent) s, last norm \(norm)"
    }
    print(
        seconds {
            (0..<1000).reduce(0) { _, _ in m.matmul(m).norm().doubleValue }
        })
    print(
        seconds {
            let log = (0..<1000).map { _ in m.matmul(m).norm() }
            return stack(log)[-1].doubleValue
        })

    cell("Exercise 4: two devices at once", varies: true)
    // One after the other, then at the same time. Two GPUs halve the time; the CPU is one device, whose cores are shared in both cases.
    let work = [tryGPU(0), tryGPU(1)].map { Tensor.rand(100, 100, device: $0) }
    @Sendable func norm(_ m: Tensor) -> Double {
        (0..<500).reduce(0) { _, _ in m.matmul(m).norm().doubleValue }
    }
    print(seconds { work.map(norm).reduce(0, max) })
    let start = monotonicSeconds()
    async let first = norm(work[0])
    async let second = norm(work[1])
    let both = await max(first, second)
    let spent = ((monotonicSeconds() - start) * 1000).rounded() / 1000
    print("\(spent) s, last norm \(both)")
}
