import Tern

/// Tensors live on a device: the CPU, which stands for all of its cores, or a GPU. Programs that ask for a GPU where there is none run on the
/// CPU.
func section5_6() async throws {
    cell("Devices")
    // They print as PyTorch's. Without a number, cuda is the first GPU.
    print((Device.cpu, Device.cuda, Device.cuda(1)))
    print(Device.cudaCount)

    cell("What nvidia-smi shows", varies: true)
    // NVIDIA's driver is asked for its version, and for the name, memory and use of each GPU; where there is none, that is said.
    do { print(try NVIDIADriver.found()) } catch { print(error) }

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

    cell("A device of shapes alone")
    // The device meta has shapes and no numbers: what a computation would give, at no cost.
    let shapes = Tensor.ones(2, 3, device: .meta)
    print(shapes + shapes)

    cell("Two devices in one op")
    // The error says which operand is where.
    do { _ = try recovering { X + shapes } } catch { print(error) }

    cell("A network moves, and its parameters stay the same objects")
    let net = Sequential(Linear(3, 1))
    let before = net.parameters()
    try net.to(tryGPU())
    print(net(X))
    print(net[0].weight.device)
    print(zip(before, net.parameters()).allSatisfy { $0.isSame(as: $1) })

    cell("Exercise 1: large and small work", varies: true)
    // A product of two large matrices keeps all cores, or a whole GPU, busy. Small ones spend their time on being started: there a GPU is no
    // faster. It computes while the program goes on; reading a number waits for it. `tern book 5.6 --rounds N` says how often.
    let rounds = Chapter.rounds ?? (tryGPU() == .cpu ? 50 : 1000)
    func seconds(_ body: () async -> Void) async -> Double {
        let start = monotonicSeconds()
        await body()
        return ((monotonicSeconds() - start) * 1e6).rounded() / 1e6
    }
    for device in tryGPU() == .cpu ? [.cpu] : [.cpu, tryGPU()] {
        for (n, times) in [(1000, rounds), (10, 100 * rounds)] {
            let m = Tensor.rand(n, n, device: device)
            _ = m.matmul(m).sum().doubleValue  // the first one warms up
            let spent = await seconds {
                var y = m
                for _ in 0..<times { y = m.matmul(m) }
                _ = y.sum().doubleValue  // waits
            }
            print("\(device.name): \(times) of \(n) × \(n): \(spent) s")
        }
    }

    cell("Exercise 2: parameters of a network that is elsewhere")
    // Reading goes through cpu(); writing goes through data, and takes values from any place.
    print(net[0].weight.data.cpu().shape)
    net[0].weight.data[...] = Tensor.zeros(1, 3)
    print(net[0].weight.data.sum().doubleValue)

    cell("Exercise 3: a log that stays with the tensors", varies: true)
    // Asking for a number at each step waits for the step; a log of tensors is read once, at the end. On the CPU, where nothing is waited
    // for, both take the same time.
    let m = Tensor.rand(100, 100, device: tryGPU())
    var read: [Double] = [], kept: [Tensor] = [], last = 0.0
    let reading = await seconds {
        for _ in 0..<1000 { read.append(m.matmul(m).norm().doubleValue) }
    }
    let keeping = await seconds {
        for _ in 0..<1000 { kept.append(m.matmul(m).norm()) }
        last = stack(kept)[-1].doubleValue
    }
    print("read at each step: \(reading) s, last norm \(read[999])")
    print("kept, read once: \(keeping) s, last norm \(last)")

    cell("Exercise 4: two devices at once", varies: true)
    // Two chains of products on one device, one after the other; then on two devices at the same time. Each is waited for once, at its
    // end. Two GPUs halve the time; a CPU's cores work on every product together, and are shared.
    let pair = [Tensor.rand(1000, 1000), Tensor.rand(1000, 1000)]
    @Sendable func norm(_ m: Tensor) -> Double {
        var y = m
        for _ in 0..<rounds { y = m.matmul(m) }
        return y.norm().doubleValue  // waits
    }
    let together = pair.map { $0.to(tryGPU(0)) }
    let apart = [pair[0].to(tryGPU(0)), pair[1].to(tryGPU(1))]
    _ = (together + apart).map { $0.matmul($0).sum().doubleValue }
    var inTurn: [Double] = [], atOnce: [Double] = []
    let one = await seconds { inTurn = together.map(norm) }
    let two = await seconds {
        async let first = norm(apart[0]), second = norm(apart[1])
        atOnce = await [first, second]
    }
    print("one after the other: \(one) s, last norms \(inTurn)")
    print("at once: \(two) s, last norms \(atOnce)")
}
