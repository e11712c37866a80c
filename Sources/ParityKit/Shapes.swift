import Tern

/// Ops that move elements: views, joining, splitting, conversion.
let shapes = Table { op in
    let casts: [String: DType] = [
        "bfloat16": .bfloat16, "double": .float64, "float": .float32, "half": .float16, "short": .int16, "byte": .uint8, "long": .int64,
        "bool": .bool, "char": .int8, "int": .int32,
    ]
    for (name, dtype) in casts { op("\(name)(input)") { (x: Tensor) in x.to(dtype) } }
    let plain: [String: Function<Tensor>] = [
        "T": { $0.T }, "H": { $0.H }, "mT": { $0.mT }, "mH": { $0.mH }, "t": { $0.t() }, "clone": { $0.clone() }, "ravel": { $0.ravel() },
        "contiguous": { $0.contiguous() }, "fliplr": { $0.fliplr() }, "flipud": { $0.flipud() }, "trace": { $0.trace() },
    ]
    for (name, f) in plain { op("\(name)(input)", f) }
    let joins: [String: Function<[Tensor]>] = ["hstack": hstack, "vstack": vstack, "dstack": dstack, "column_stack": columnStack]
    for (name, f) in joins { op("\(name)(tensors)", f) }
    op("cat(tensors, dim=0)", cat)
    op("stack(tensors, dim=0)", stack)
    op("block_diag(tensors)", blockDiag)
    op("cartesian_prod(tensors)", cartesianProd)
    op("meshgrid(tensors, *indexing=ij)", meshgrid)
    op("broadcast_tensors(tensors)", broadcastTensors)
    op("broadcast_shapes(a, b, c, d)") { (a: [Int], b: [Int]?, c: [Int]?, d: [Int]?) in
        _ = broadcastShapes(broadcastShapes(Shape(a), Shape(b ?? [])), broadcastShapes(Shape(c ?? []), Shape(d ?? [])))
        return [Tensor]()  // a shape is no tensor: there is nothing to answer but that it was found
    }
    let lifts: [String: @Sendable ([Tensor]) -> [Tensor]] = [
        "atleast_1d": { $0.map { $0.atleast1d() } }, "atleast_2d": { $0.map { $0.atleast2d() } },
        "atleast_3d": { $0.map { $0.atleast3d() } },
    ]
    for (name, f) in lifts { op("\(name)(tensors)", f) }

    let triangles: [String: Method<Int>] = ["diag": Tensor.diag, "tril": Tensor.tril, "triu": Tensor.triu]
    for (name, f) in triangles { op("\(name)(input, diagonal=0)", f) }
    op("diagflat(input, offset=0)", Tensor.diagflat)
    op("diag_embed(input, offset=0, dim1=-2, dim2=-1)", Tensor.diagEmbed)
    op("diagonal(input, offset=0, dim1=0, dim2=1)", Tensor.diagonal)
    op("linalg.diagonal(input, *offset=0, *dim1=-2, *dim2=-1)", Tensor.diagonal)
    op("expand|broadcast_to(input, size)") { (x: Tensor, shape: Shape) in x.expand(shape) }
    op("expand_as(input, other)", Tensor.expandAs)
    op("reshape(input, shape)") { (x: Tensor, shape: Shape) in x.reshape(shape) }
    op("reshape_as(input, other)", Tensor.reshapeAs)
    op("view(input, size)") { (x: Tensor, shape: Shape) in x.view(shape) }
    op("view_as(input, other)", Tensor.viewAs)
    op("flatten(input, start_dim=0, end_dim=-1)", Tensor.flatten)
    op("unflatten(input, dim, sizes)", Tensor.unflatten)
    op("narrow(input, dim, start, length)", Tensor.narrow)
    op("select(input, dim, index)", Tensor.select)
    op("squeeze(input, dim)") { (x: Tensor, dims: [Int]) in x.squeeze(dims) }
    op("squeeze(input)") { (x: Tensor) in x.squeeze() }
    op("unsqueeze(input, dim)", Tensor.unsqueeze)
    op("transpose(input, dim0, dim1)", Tensor.transpose)
    op("permute(input, dims)") { (x: Tensor, dims: [Int]) in x.permute(dims) }
    op("movedim(input, source, destination)") { (x: Tensor, from: [Int], to: [Int]) in x.movedim(from, to) }
    op("unfold(input, dimension, size, step)") { (x: Tensor, dim: Int, size: Int, step: Int) in x.unfold(dim, size: size, step: step) }
    op("flip(input, dims)") { (x: Tensor, dims: [Int]) in x.flip(dims) }
    op("rot90(input, k=1, dims)") { (x: Tensor, k: Int, dims: [Int]?) in x.rot90(k, dims: dims ?? [0, 1]) }
    op("roll(input, shifts, dims)") { (x: Tensor, shifts: [Int], dims: [Int]?) in
        shifts.count == 1 && dims?.isEmpty ?? true ? x.roll(shifts[0]) : x.roll(shifts, dims: dims ?? [])
    }
    op("tile(input, dims)") { (x: Tensor, repeats: Shape) in x.tile(repeats.array) }
    op("repeat(input, repeats)") { (x: Tensor, repeats: Shape) in x.repeated(repeats.array) }
    op("repeat_interleave(input, repeats, dim, *output_size)") { (x: Tensor, repeats: Tensor, dim: Int?) in
        x.repeatInterleave(repeats, dim: dim)
    }
    op("repeat_interleave(input, repeats, dim, *output_size)") { (x: Tensor, repeats: Int, dim: Int?) in
        x.repeatInterleave(repeats, dim: dim)
    }
    op("combinations(input, r=2, with_replacement=false)", Tensor.combinations)

    op("chunk(input, chunks, dim=0)", Tensor.chunk)
    op("unbind(input, dim=0)", Tensor.unbind)
    op("split|split_with_sizes(input, split_size, dim=0)") { (x: Tensor, size: Int, dim: Int) in x.split(size, dim: dim) }
    op("split|split_with_sizes(input, split_size, dim=0)") { (x: Tensor, sizes: [Int], dim: Int) in x.split(sizes, dim: dim) }
    op("tensor_split(input, indices_or_sections, dim=0)") { (x: Tensor, n: Int, dim: Int) in x.tensorSplit(n, dim: dim) }
    op("tensor_split(input, indices_or_sections, dim=0)") { (x: Tensor, places: [Int], dim: Int) in x.tensorSplit(places, dim: dim) }
    typealias Parts<Cut> = @Sendable (Tensor) -> (Cut) -> [Tensor]
    op("hsplit(input, sections)", Tensor.hsplit as Parts<Int>)
    op("vsplit(input, sections)", Tensor.vsplit as Parts<Int>)
    op("dsplit(input, sections)", Tensor.dsplit as Parts<Int>)
    op("hsplit(input, indices)", Tensor.hsplit as Parts<[Int]>)
    op("vsplit(input, indices)", Tensor.vsplit as Parts<[Int]>)
    op("dsplit(input, indices)", Tensor.dsplit as Parts<[Int]>)
    op("nonzero(input, *as_tuple=false)") { (x: Tensor, parts: Bool) in parts ? x.nonzeroIndices() : [x.nonzero()] }
    op("argwhere(input)", Tensor.argwhere)
}
