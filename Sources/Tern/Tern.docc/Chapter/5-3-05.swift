let loaded = Sequential(LazyLinear(256), ReLU(), LazyLinear(10))
try loaded.loadStateDict(net.stateDict())
print((loaded(X) .== net(X)).all())

// tensor(True)
