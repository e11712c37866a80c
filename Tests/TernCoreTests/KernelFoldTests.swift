import CTernCPU
import Testing

@testable import TernCore

// Reductions, scans, sorting and indexing against the reference.

extension KernelTests {
    static let foldShapes: [Shape] = [[], [1], [9], [3, 5], [2, 0, 3], [4, 1, 6], [3, 4, 2, 3], [17, 33], [2, 300]]

    @Test("reductions", arguments: TERN_REDUCE_sum.rawValue...TERN_REDUCE_argmin.rawValue)
    func reduce(_ line: Int32) {
        let op = TernReduction(rawValue: line)
        let isPlace = op == TERN_REDUCE_argmax || op == TERN_REDUCE_argmin, isTest = op == TERN_REDUCE_any || op == TERN_REDUCE_all
        var dice = Dice(500 + Int(line))
        for dtype in DType.allCases {
            for shape in KernelTests.foldShapes {
                let domain: Domain = op == TERN_REDUCE_prod ? .range(0.8...1.2) : op == TERN_REDUCE_sum ? .small : .special
                let x = sample(shape, dtype, domain, placement(&dice), &dice)
                // All dimensions, or some of them; of no elements only sums and the like are made.
                for reduced in [Array(shape.indices), shape.indices.filter { _ in Bool.random(using: &dice) }] {
                    if reduced.contains(where: { shape[$0] == 0 }), !isTest, op != TERN_REDUCE_sum, op != TERN_REDUCE_prod { continue }
                    var kept = shape
                    for d in reduced { kept[d] = 1 }
                    let result = isPlace ? .int64 : isTest ? .bool : dtype
                    // Sums may cancel: what is allowed grows with how many numbers there are.
                    compare("reduction \(line)", [room(kept, result, &dice)], [x], loose: 1 + Double(x.count) / 10) {
                        $0.reduce(op, $1[0], $2[0])
                    }
                }
            }
        }
    }

    @Test("long reductions", arguments: [DType.float32, .float64, .bfloat16, .int64, .uint8])
    func longReductions(_ dtype: DType) {
        var dice = Dice(520)
        let long: Shape = [5, 6_007]
        for (kept, at) in [([1, 1], 0), ([5, 1], 0), ([1, 6_007], 1)] as [(Shape, Int)] {
            let x = sample(long, dtype, .small, at == 0 ? .contiguous : placement(&dice), &dice)
            for op in [TERN_REDUCE_sum, TERN_REDUCE_max] {
                compare("reduction", [room(kept, dtype, &dice)], [x], loose: 100) { $0.reduce(op, $1[0], $2[0]) }
            }
            compare("argmin", [room(kept, .int64, &dice)], [x]) { $0.reduce(TERN_REDUCE_argmin, $1[0], $2[0]) }
        }
    }

    @Test("scans", arguments: TERN_SCAN_sum.rawValue...TERN_SCAN_min.rawValue)
    func scan(_ line: Int32) {
        let op = TernScan(rawValue: line), isOrder = op == TERN_SCAN_max || op == TERN_SCAN_min
        var dice = Dice(600 + Int(line))
        for dtype in DType.allCases {
            for shape in KernelTests.foldShapes {
                let x = sample(
                    shape, dtype, isOrder ? .special : op == TERN_SCAN_prod ? .range(0.9...1.1) : .small, placement(&dice), &dice)
                let dim = shape.count == 0 ? 0 : Int.random(in: 0..<shape.count, using: &dice)
                var outputs = [room(shape, dtype, &dice)]
                if isOrder { outputs.append(room(shape, .int64, &dice)) }
                compare("scan \(line) along \(dim)", outputs, [x], loose: 20) { $0.scan(op, $1[0], isOrder ? $1[1] : nil, $2[0], dim) }
            }
        }
    }

    @Test("sorting", arguments: DType.allCases)
    func sort(_ dtype: DType) {
        var dice = Dice(700)
        for shape in KernelTests.foldShapes + [[3, 200]] {
            for descending in [false, true] {
                let x = sample(shape, dtype, .special, placement(&dice), &dice)
                let dim = shape.count == 0 ? 0 : Int.random(in: 0..<shape.count, using: &dice)
                compare("sort along \(dim)", [room(shape, dtype, &dice), room(shape, .int64, &dice)], [x]) {
                    $0.sort($1[0], $1[1], $2[0], dim, descending: descending)
                }
            }
        }
    }

    @Test("gather and scatter", arguments: DType.allCases)
    func gatherScatter(_ dtype: DType) {
        var dice = Dice(800)
        // What is indexed, the index, and along which dimension.
        let cases: [(Shape, Shape, Int)] = [
            ([5], [9], 0), ([3, 4], [2, 7], 1), ([6, 4], [9, 3], 0), ([2, 3, 4], [2, 8, 3], 1), ([4, 2], [0, 2], 0),
            ([70, 80], [70, 60], 1),
        ]
        for (shape, indexShape, dim) in cases {
            let x = sample(shape, dtype, .small, placement(&dice), &dice)
            let index = sampleIndex(indexShape, below: shape[dim], fromEnd: false, placement(&dice), &dice)
            compare("gather along \(dim)", [room(indexShape, dtype, &dice)], [x, index]) {
                $0.gather($1[0], $2[0], dim, $2[1], fromEnd: false)
            }
            let ends = sampleIndex(indexShape, below: shape[dim], fromEnd: true, placement(&dice), &dice)
            compare("gather from the end along \(dim)", [room(indexShape, dtype, &dice)], [x, ends]) {
                $0.gather($1[0], $2[0], dim, $2[1], fromEnd: true)
            }
            for op in [TERN_COMBINE_assign, TERN_COMBINE_sum, TERN_COMBINE_prod, TERN_COMBINE_max, TERN_COMBINE_min] {
                let domain: Domain = op == TERN_COMBINE_prod ? .range(0.7...1.3) : op == TERN_COMBINE_sum ? .small : .special
                let source = sample(Shape(indexShape.map { $0 + 1 }), dtype, domain, placement(&dice), &dice)
                let target = sample(shape, dtype, domain, dice.pick([.contiguous, .strided]), &dice)
                compare("scatter \(op.rawValue) along \(dim)", [target], [index, source], loose: 20) {
                    $0.scatter(op, $1[0], dim, $2[0], $2[1])
                }
            }
        }
        let (x, wrong) = (sample([3], dtype, .small, .contiguous, &dice), Tensor([0, -3, 3, 9]))
        for fromEnd in [false, true] {
            compare("gather out of range", [room([4], dtype, &dice)], [x, wrong]) { $0.gather($1[0], $2[0], 0, $2[1], fromEnd: fromEnd) }
        }
        compare("scatter out of range", [x], [wrong, sample([4], dtype, .small, .contiguous, &dice)]) {
            $0.scatter(TERN_COMBINE_assign, $1[0], 0, $2[0], $2[1])
        }
    }

    @Test("advanced indexing", arguments: DType.allCases)
    func indexing(_ dtype: DType) {
        var dice = Dice(900)
        // What is indexed, the shape of the indices, and how many dimensions they index.
        let cases: [(Shape, Shape, Int)] = [
            ([7], [3, 2], 1), ([4, 5], [6], 2), ([4, 3, 2], [2, 2], 1), ([4, 3, 2], [5], 2), ([2, 3], [], 1), ([3, 2], [0], 1),
            ([50, 40], [200], 1),
        ]
        for (shape, indexShape, count) in cases {
            let indices = (0..<count).map { sampleIndex(indexShape, below: shape[$0], fromEnd: true, placement(&dice), &dice) }
            let picked = Shape(indexShape.array + shape.dropFirst(count))
            for fromEnd in [true, false] {
                compare("index", [room(picked, dtype, &dice)], [sample(shape, dtype, .small, placement(&dice), &dice)] + indices) {
                    $0.index($1[0], $2[0], Array($2.dropFirst()), fromEnd: fromEnd)
                }
            }
            for accumulate in [false, true] {
                let target = sample(shape, dtype, .small, dice.pick([.contiguous, .strided]), &dice)
                compare("indexPut", [target], [sample(picked, dtype, .small, placement(&dice), &dice)] + indices, loose: 20) {
                    $0.indexPut($1[0], Array($2.dropFirst()), $2[0], accumulate: accumulate)
                }
            }
        }
        let wrong = [Tensor([1, 0]), Tensor([2, -4])], x = sample([2, 3, 2], dtype, .small, .contiguous, &dice)
        compare("index out of range", [room([2, 2], dtype, &dice)], [x] + wrong) {
            $0.index($1[0], $2[0], Array($2.dropFirst()), fromEnd: true)
        }
        compare("indexPut out of range", [x], [sample([2, 2], dtype, .small, .contiguous, &dice)] + wrong) {
            $0.indexPut($1[0], Array($2.dropFirst()), $2[0], accumulate: false)
        }
    }

    @Test("what is not zero", arguments: DType.allCases)
    func nonzero(_ dtype: DType) {
        var dice = Dice(1000)
        for shape in KernelTests.foldShapes {
            let x = sample(shape, dtype, Domain(range: -1...1, hasSpecials: true), placement(&dice), &dice)
            compare("countNonzero", [], [x]) { backend, _, x in backend.countNonzero(x[0]) }
            let count = ReferenceBackend.shared.countNonzero(x)
            compare("nonzero", [room([count, shape.count], .int64, &dice)], [x]) { $0.nonzero($1[0], $2[0]) }
        }
    }
}
