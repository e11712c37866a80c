print((tryGPU(), tryGPU(10), tryAllGPUs()))

// (device(type='cpu'), device(type='cpu'), [device(type='cpu')])
