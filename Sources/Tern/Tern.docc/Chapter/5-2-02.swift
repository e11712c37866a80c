print(net[2].stateDict())

// OrderedDict([('weight', tensor([[ 0.0186, -0.1813,  0.0598, -0.3301, -0.2555, -0.1823,  0.2231,  0.2073]])), ('bias', tensor([-0.1568]))])
