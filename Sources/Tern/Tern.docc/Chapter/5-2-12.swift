net[0].weight.data[...] += 1
net[0].weight.data[0, 0] = 42
print(net[0].weight.data[0])

// tensor([42.0000,  1.0000,  1.0000, -8.0172])
