print(rfft(signal))
print(irfft(rfft(signal), 4))

// tensor([2.+0.j, 1.-3.j, 0.+0.j])
// tensor([ 1.,  2.,  0., -1.])
