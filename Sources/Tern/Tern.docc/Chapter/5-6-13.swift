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
