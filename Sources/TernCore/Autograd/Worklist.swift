import CTernCPU

/// The nodes of a walk that gradients are on their way to, and these gradients. References are handed on, not copied: to count them is most
/// of what a small step costs.
struct NodeList: ~Copyable {
    struct Entry: ~Copyable {
        /// nil where the place is empty.
        var node: Node?
        var gradients: GradientSlots

        init() {
            node = nil
            gradients = .none
        }
        @inline(__always)
        init(_ g: consuming Tensor, _ node: consuming Node, _ index: Int) {
            self.node = node
            gradients = GradientSlots(g, at: index)
        }
        /// What is here, which leaves the place empty.
        @inline(__always)
        mutating func take() -> Entry {
            var taken = Entry()
            swap(&taken, &self)
            return taken
        }
    }
    /// A plain block: an array would cost a small step as much as an op does.
    private var entries: UnsafeMutablePointer<Entry>
    private(set) var count = 0
    private var capacity: Int
    private var places: [ObjectIdentifier: Int]?  // by node, once there are too many entries to search
    private static let searched = 24

    init() {
        capacity = 8
        entries = NodeList.allocate(capacity)
    }
    deinit {
        entries.deinitialize(count: count)
        NodeList.deallocate(entries, capacity)
    }
    /// From the blocks that are kept for tensors: each walk takes one.
    private static func allocate(_ capacity: Int) -> UnsafeMutablePointer<Entry> {
        let memory = tern_allocate(capacity * MemoryLayout<Entry>.stride)
        guard let memory else { fatalError("backward: there is no memory for the walk over the tape") }
        return memory.bindMemory(to: Entry.self, capacity: capacity)
    }
    private static func deallocate(_ entries: UnsafeMutablePointer<Entry>, _ capacity: Int) {
        tern_deallocate(entries, capacity * MemoryLayout<Entry>.stride)
    }

    /// Where the node stands; nil where it does not.
    @inline(__always)
    func place(of node: Node) -> Int? {
        if let places { return places[ObjectIdentifier(node)] }
        for i in 0..<count where entries[i].node === node { return i }
        return nil
    }

    /// Adds a gradient to those of the node that stands there.
    mutating func add(_ g: Tensor, _ index: Int, at place: Int) { entries[place].gradients.add(g, at: index) }

    @inline(__always)
    mutating func append(_ g: consuming Tensor, _ node: consuming Node, _ index: Int) {
        if count == capacity { grow() }
        if places != nil || count == NodeList.searched { note(node, at: count) }
        (entries + count).initialize(to: Entry(g, node, index))
        count += 1
    }
    @inline(never)
    private mutating func grow() {
        let more = NodeList.allocate(2 * capacity)
        more.moveInitialize(from: entries, count: count)
        NodeList.deallocate(entries, capacity)
        (entries, capacity) = (more, 2 * capacity)
    }

    /// Puts another node where one was taken.
    mutating func put(_ g: consuming Tensor, _ node: consuming Node, _ index: Int, at place: Int) {
        if places != nil { note(node, at: place) }
        entries[place] = Entry(g, node, index)
    }
    @inline(never)
    private mutating func note(_ node: Node, at place: Int) {
        if places == nil {
            places = [:]
            for i in 0..<count { if let node = entries[i].node { places?[ObjectIdentifier(node)] = i } }
        }
        places?[ObjectIdentifier(node)] = place
    }

    /// The entry there, which leaves its place empty.
    mutating func take(_ place: Int) -> Entry {
        if places != nil, let node = entries[place].node { places?[ObjectIdentifier(node)] = nil }
        return entries[place].take()
    }
}

/// The steps that a walk has yet to do, the deepest first.
struct Worklist: ~Copyable {
    /// A step that came when no other waited: a chain of ops never has more than one, and needs no memory for it.
    private var lone = NodeList.Entry()
    private var others: Others?

    fileprivate struct Others: ~Copyable {
        var list = NodeList()
        /// Those of the list, as a binary heap: plain numbers, which cost nothing to move.
        var heap: [(depth: Int, place: Int)] = []
        var emptied: [Int] = []
    }

    mutating func add(_ g: consuming Tensor, _ node: consuming Node, _ index: Int) {
        if lone.node === node {
            lone.gradients.add(g, at: index)
        } else if let place = others?.list.place(of: node) {
            others?.list.add(g, index, at: place)
        } else if lone.node == nil {
            lone = NodeList.Entry(g, node, index)
        } else {
            push(g, node, index)
        }
    }

    /// The deepest node, and its gradients, which are all there; an empty entry where none is left.
    @inline(__always)
    mutating func pop() -> NodeList.Entry { others == nil ? lone.take() : popDeepest() }
    @inline(never)
    private mutating func popDeepest() -> NodeList.Entry {
        if let deepest = others?.heap.first?.depth, lone.node.map({ $0.depth < deepest }) ?? true, let entry = others?.pop() {
            return entry
        }
        return lone.take()
    }

    @inline(never)
    private mutating func push(_ g: consuming Tensor, _ node: consuming Node, _ index: Int) {
        if others == nil { others = Others() }
        others?.push(g, node, index)
    }
}

extension Worklist.Others {
    mutating func push(_ g: consuming Tensor, _ node: consuming Node, _ index: Int) {
        let place = emptied.popLast() ?? list.count
        heap.append((node.depth, place))
        if place == list.count { list.append(g, node, index) } else { list.put(g, node, index, at: place) }
        var i = heap.count - 1
        while i > 0, heap[i].depth > heap[(i - 1) / 2].depth {
            heap.swapAt(i, (i - 1) / 2)
            i = (i - 1) / 2
        }
    }

    mutating func pop() -> NodeList.Entry? {
        guard let last = heap.popLast() else { return nil }
        var top = last
        if !heap.isEmpty {
            swap(&top, &heap[0])
            var i = 0
            while true {
                var deepest = i
                for child in (2 * i + 1)...(2 * i + 2) where child < heap.count && heap[child].depth > heap[deepest].depth {
                    deepest = child
                }
                if deepest == i { break }
                heap.swapAt(i, deepest)
                i = deepest
            }
        }
        emptied.append(top.place)
        return list.take(top.place)
    }
}
