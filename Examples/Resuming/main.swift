// Training that can be ended at any moment, by whatever, and started again: it goes on from its last checkpoint, and every loss is what it
// would have been without the interruption, bit for bit.
//
//     swift run Resuming run.pt [STEPS]
import Tern

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#elseif canImport(Glibc)
    import Glibc
#endif

let path = CommandLine.arguments.count > 1 ? CommandLine.arguments[1] : "run.pt"
let steps = CommandLine.arguments.count > 2 ? Int(CommandLine.arguments[2]) ?? 400 : 400

// The same data each time; dropout and the shuffled order go on from the checkpoint.
manualSeed(3)
let X = Tensor.randn(150, 8), y = (X * X).sum(1).log() + 0.1 * Tensor.randn(150)
let net = Sequential(Linear(8, 32), BatchNorm1d(32), ReLU(), Dropout(0.2), Linear(32, 1), Flatten(startDim: 0))
let optimizer = AdamW(net.parameters(), lr: 0.01)
let scheduler = CosineAnnealingLR(optimizer, tMax: steps)
let batches = DataCursor(DataLoader(TensorDataset(X, y), batchSize: 16, shuffle: true))

let checkpoint: Checkpoint = ["model": net, "optimizer": optimizer, "scheduler": scheduler, "data": batches]
var step = 0
if access(path, F_OK) == 0 {
    step = try checkpoint.load(path)["step"]?.int ?? 0
    print("going on after step \(step)")
}
while step < steps {
    for (x, target) in batches {
        let loss = mseLoss(net(x), target)
        optimizer.zeroGrad()
        loss.backward()
        optimizer.step()
        scheduler.step()
        step += 1
        print("step \(step): loss \(loss.item(Float.self))")
        // Whoever reads this sees it at once.
        fflush(nil)
        if step % 5 == 0 || step == steps { try checkpoint.save(to: path, values: ["step": .int(step)], durable: false) }
        if step == steps { break }
    }
}
net.eval()
print("in the end: \(noGrad { mseLoss(net(X), y) }.item(Float.self))")
