let words = Embedding(10, 4)
let lstm = LSTM(4, 3, batchFirst: true)
let (states, (h, c)) = lstm(words(Tensor([[1, 2, 3], [7, 8, 9]])))
print(states.shape, h.shape, c.shape)
print(h)

// torch.Size([2, 3, 3]) torch.Size([1, 2, 3]) torch.Size([1, 2, 3])
// tensor([[[ 0.0077,  0.1551,  0.3517],
//          [-0.0376,  0.1705,  0.0493]]], grad_fn=<StackBackward0>)
