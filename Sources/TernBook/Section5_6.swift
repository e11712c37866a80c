import Tern

func section5_6() throws {
    cell("Devices")
    print(Device.cpu, Device.cuda, Device.cuda(1))
    print(Device.cudaCount)

    cell("The GPU if there is one, else the CPU")
    print(tryGPU(), tryGPU(10), tryAllGPUs())

    cell("Tensors are made on the CPU, unless told otherwise")
    let x = Tensor([1, 2, 3])
    print(x.device)
    let X = Tensor.ones(2, 3, device: tryGPU())
    print(X)

    cell("What is there already is not copied")
    print(X.to(tryGPU()).isSameStorage(as: X))

    cell("A device that is not there")
    do {
        _ = try recovering { Tensor.ones(2, 3, device: .cuda(99)) }
    } catch {
        print(error)
    }

    cell("A network moves; its parameters stay the same objects")
    manualSeed(0)
    let net = Sequential(Linear(3, 1))
    let before = net.parameters()
    try net.to(tryGPU())
    print(net(X))
    print(zip(before, net.parameters()).allSatisfy { $0.isSame(as: $1) })
}
