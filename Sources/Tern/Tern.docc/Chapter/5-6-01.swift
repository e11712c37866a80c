print((Device.cpu, Device.cuda, Device.cuda(1)))
print(Device.cudaCount)

// (device(type='cpu'), device(type='cuda'), device(type='cuda', index=1))
// 0
