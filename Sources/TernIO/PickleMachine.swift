import TernCore

/// Runs a pickle: a small program that builds values on a stack. Of the opcodes that call, only what stands in PyTorch's allow-list is
/// known, and those calls only note down their arguments; nothing of Python is ever run. Source: `torch._weights_only_unpickler`.
///
/// Each opcode takes a bounded step, and memory is bounded by the pickle's own length.
struct PickleMachine {
    var heap = PickleHeap()
    private(set) var offset: Int
    private let bytes: UnsafeRawBufferPointer
    private let file: String
    private var stack: [PickleItem] = []
    private var marks: [Int] = []
    private var memo: [PickleItem] = []
    private var copied = 0

    /// - Parameter file: the name that errors give these bytes.
    init(_ bytes: UnsafeRawBufferPointer, from offset: Int = 0, file: String) {
        (self.bytes, self.offset, self.file) = (bytes, offset, file)
    }

    func failure(_ rule: String) -> FileFormatError { FileFormatError(file: file, rule: "its pickle is broken at byte \(offset): \(rule)") }

    func unsupported(_ name: String, _ reason: String) -> FileFormatError {
        FileFormatError(file: file, rule: "it refers to \(name): \(reason)")
    }

    // MARK: Bytes

    private mutating func take(_ count: Int) throws(FileFormatError) -> UnsafeRawBufferPointer {
        guard count >= 0, count <= bytes.count - offset else { throw missing(count) }
        defer { offset += count }
        return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
    }
    private func missing(_ count: Int) -> FileFormatError {
        failure("\(count) bytes are announced, \(bytes.count - offset) are left")
    }
    private mutating func number<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type) throws(FileFormatError) -> T {
        guard MemoryLayout<T>.size <= bytes.count - offset else { throw missing(MemoryLayout<T>.size) }
        defer { offset += MemoryLayout<T>.size }
        return bytes.number(offset, type)
    }
    private mutating func length<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type) throws(FileFormatError) -> Int {
        Int(clamping: try number(type))
    }
    private mutating func text(_ count: Int) throws(FileFormatError) -> String {
        guard let text = String(validating: try take(count), as: UTF8.self) else { throw failure("a text is not UTF-8") }
        return text
    }
    private mutating func line() throws(FileFormatError) -> String {
        guard let end = bytes[offset...].firstIndex(of: 0x0A) else { throw failure("a line has no end") }
        defer { offset += 1 }
        return try text(end - offset)
    }
    /// A whole number of any length, the lowest byte first, in two's complement.
    private mutating func long(_ count: Int) throws(FileFormatError) -> PickleItem {
        let digits = try take(count)
        guard count <= 8 else { return .long(Array(digits)) }
        let fill: UInt64 = (digits.last ?? 0) >= 0x80 ? .max : 0
        return .int(Int(truncatingIfNeeded: digits.reversed().reduce(fill) { $0 << 8 | UInt64($1) }))
    }
    /// Bytes of Python 2's `str`, which is text more often than not.
    private mutating func oldString(_ count: Int) throws(FileFormatError) -> PickleItem {
        let content = try take(count)
        return String(validating: content, as: UTF8.self).map { .string($0) } ?? .bytes(Array(content))
    }

    // MARK: Stack

    private mutating func push(_ item: PickleItem) throws(FileFormatError) {
        guard stack.count < PickleHeap.mostObjects else { throw failure("its stack holds more than \(PickleHeap.mostObjects) values") }
        stack.append(item)
    }
    private mutating func push(_ kind: PickleObject.Kind, _ items: [PickleItem] = []) throws(FileFormatError) {
        try push(made(kind, items))
    }
    mutating func made(_ kind: PickleObject.Kind, _ items: [PickleItem] = []) throws(FileFormatError) -> PickleItem {
        guard let item = heap.add(kind, items) else { throw tooMany }
        return item
    }
    private mutating func append(_ items: [PickleItem], to index: Int) throws(FileFormatError) {
        guard heap.append(items, to: index) else { throw tooMany }
    }
    private var tooMany: FileFormatError {
        failure("it makes more than \(PickleHeap.mostObjects) objects or \(PickleHeap.mostItems) values in them")
    }
    /// Notes that a call copies so much: in sum no more than a few times the pickle's length, so that a short one can't fill the memory.
    mutating func charge(_ count: Int) throws(FileFormatError) {
        copied += count
        guard copied <= 1000 + 4 * bytes.count else { throw failure("its calls copy more than it holds") }
    }
    /// A text among the arguments of a call; nil of others.
    mutating func text(_ item: PickleItem?) throws(FileFormatError) -> String? {
        if case .string(let text) = item { try charge(text.utf8.count) }
        if case .bytes(let bytes) = item { try charge(bytes.count) }
        return item.flatMap(PickleHeap.string)
    }
    private mutating func pop() throws(FileFormatError) -> PickleItem {
        guard stack.count > marks.last ?? 0, let item = stack.popLast() else { throw failure("its stack is empty") }
        return item
    }
    private mutating func popped(_ count: Int) throws(FileFormatError) -> [PickleItem] {
        guard stack.count - count >= marks.last ?? 0 else { throw failure("its stack is empty") }
        return taken(count)
    }
    private mutating func poppedToMark() throws(FileFormatError) -> [PickleItem] {
        guard let mark = marks.popLast() else { throw failure("a mark is missing") }
        return taken(stack.count - mark)
    }
    /// The last values of the stack, which are moved, and so not counted anew.
    private mutating func taken(_ count: Int) -> [PickleItem] {
        [PickleItem](unsafeUninitializedCapacity: count) { items, filled in
            for i in (0..<count).reversed() { items.initializeElement(at: i, to: stack.removeLast()) }
            filled = count
        }
    }
    private func top() throws(FileFormatError) -> PickleItem {
        guard stack.count > marks.last ?? 0, let item = stack.last else { throw failure("its stack is empty") }
        return item
    }

    private mutating func remember(_ index: Int) throws(FileFormatError) {
        // Each place is set by an opcode of its own, so that there are fewer than bytes.
        guard index <= min(bytes.count, PickleHeap.mostObjects) else { throw failure("place \(index) of its memo is out of bounds") }
        if index > memo.count { memo += repeatElement(.none, count: index - memo.count) }
        if index == memo.count { memo.append(try top()) } else { memo[index] = try top() }
    }
    private mutating func recall(_ index: Int) throws(FileFormatError) {
        guard index < memo.count else { throw failure("place \(index) of its memo is empty") }
        try push(memo[index])
    }

    // MARK: Containers

    private mutating func extend(_ items: [PickleItem], isSet: Bool = false) throws(FileFormatError) {
        guard case .object(let index) = try top(), heap.objects[index].kind == (isSet ? .set : .list) else {
            throw failure("it appends to \(heap.kind(try top()))")
        }
        try append(items, to: index)
    }
    private mutating func set(_ items: [PickleItem]) throws(FileFormatError) {
        guard case .object(let index) = try top(), case .dictionary = heap.objects[index].kind, items.count.isMultiple(of: 2) else {
            throw failure("it sets items of \(heap.kind(try top()))")
        }
        try append(items, to: index)
    }
    private mutating func build() throws(FileFormatError) {
        let state = try pop(), object = try top()
        guard case .object(let index) = object else { throw failure("it sets the state of \(heap.kind(object))") }
        switch heap.objects[index].kind {
        case .instance: try append([state], to: index)
        case .dictionary(isOrdered: true): break  // attributes of an OrderedDict: the versions of modules
        default: throw failure("it sets the state of \(heap.kind(object))")
        }
    }
    private mutating func global(_ module: String, _ name: String) throws(FileFormatError) {
        guard let global = PyTorchGlobal(module, name) else {
            throw FileFormatError(
                file: file,
                rule:
                    "it refers to \(module).\(name), which is no tensor, no plain data and no module of torch.nn: nothing is run"
            )
        }
        try push(.global(global))
    }
    private mutating func call(isNew: Bool = false, named: Bool = false) throws(FileFormatError) {
        if named, heap.items(try pop(), .dictionary(isOrdered: false))?.isEmpty != true { throw failure("it calls with named arguments") }
        let arguments = try pop(), function = try pop()
        guard case .global(let global) = function else { throw failure("it calls \(heap.kind(function))") }
        guard let list = heap.items(arguments) else { throw failure("it calls \(global) with \(heap.kind(arguments))") }
        try push(global.called(list, isNew: isNew, by: &self))
    }
    private mutating func persistent() throws(FileFormatError) { try push(storage(pop())) }

    // MARK: The table of opcodes

    /// Runs to the end of one pickle, and answers its value. Objects stay in the heap.
    mutating func run() throws(FileFormatError) -> PickleItem {
        (stack, marks, memo) = ([], [], [])
        while true {
            let opcode = try number(UInt8.self)
            switch opcode {
            case 0x80: if try number(UInt8.self) > 5 { throw failure("its protocol is newer than 5") }
            case 0x95: _ = try number(UInt64.self)  // FRAME
            case UInt8(ascii: "."): return try pop()

            case UInt8(ascii: "N"): try push(.none)
            case 0x88: try push(.bool(true))
            case 0x89: try push(.bool(false))
            case UInt8(ascii: "K"): try push(.int(Int(number(UInt8.self))))
            case UInt8(ascii: "M"): try push(.int(Int(number(UInt16.self))))
            case UInt8(ascii: "J"): try push(.int(Int(number(Int32.self))))
            case 0x8A: try push(long(length(UInt8.self)))
            case 0x8B: try push(long(length(Int32.self)))
            case UInt8(ascii: "G"): try push(.double(Double(bitPattern: number(UInt64.self).byteSwapped)))
            case UInt8(ascii: "I"), UInt8(ascii: "L"): try push(decimal(line()))

            case UInt8(ascii: "X"): try push(.string(text(length(UInt32.self))))
            case 0x8C: try push(.string(text(length(UInt8.self))))
            case 0x8D: try push(.string(text(length(UInt64.self))))
            case UInt8(ascii: "U"): try push(oldString(length(UInt8.self)))
            case UInt8(ascii: "T"): try push(oldString(length(Int32.self)))
            case UInt8(ascii: "C"): try push(.bytes(Array(take(length(UInt8.self)))))
            case UInt8(ascii: "B"): try push(.bytes(Array(take(length(UInt32.self)))))
            case 0x8E, 0x96: try push(.bytes(Array(take(length(UInt64.self)))))

            case UInt8(ascii: "]"): try push(.list)
            case UInt8(ascii: "l"): try push(.list, poppedToMark())
            case UInt8(ascii: "a"): try extend(popped(1))
            case UInt8(ascii: "e"): try extend(poppedToMark())
            case UInt8(ascii: ")"): try push(.tuple)
            case UInt8(ascii: "t"): try push(.tuple, poppedToMark())
            case 0x85...0x87: try push(.tuple, popped(Int(opcode) - 0x84))
            case UInt8(ascii: "}"): try push(.dictionary(isOrdered: false))
            case UInt8(ascii: "d"):
                let items = try poppedToMark()
                try push(.dictionary(isOrdered: false))
                try set(items)
            case UInt8(ascii: "s"): try set(popped(2))
            case UInt8(ascii: "u"): try set(poppedToMark())
            case 0x8F: try push(.set)
            case 0x90: try extend(poppedToMark(), isSet: true)
            case 0x91: try push(.set, poppedToMark())

            case UInt8(ascii: "("):
                // Each level of nesting has one or two open.
                guard marks.count < 4 * PickleTree.deepest else {
                    throw failure("its values are nested deeper than \(PickleTree.deepest) levels")
                }
                marks.append(stack.count)
            case UInt8(ascii: "0"): _ = try pop()
            case UInt8(ascii: "1"): _ = try poppedToMark()
            case UInt8(ascii: "2"): try push(top())
            case UInt8(ascii: "q"): try remember(length(UInt8.self))
            case UInt8(ascii: "r"): try remember(length(UInt32.self))
            case 0x94: try remember(memo.count)
            case UInt8(ascii: "h"): try recall(length(UInt8.self))
            case UInt8(ascii: "j"): try recall(length(UInt32.self))

            case UInt8(ascii: "c"): try global(line(), line())
            case 0x93:
                guard case .string(let name) = try pop(), case .string(let module) = try pop() else { throw failure("a name is no text") }
                try charge(module.utf8.count + name.utf8.count)
                try global(module, name)
            case UInt8(ascii: "R"): try call()
            case 0x81: try call(isNew: true)
            case 0x92: try call(isNew: true, named: true)
            case UInt8(ascii: "b"): try build()
            case UInt8(ascii: "Q"): try persistent()
            default: throw failure("there is no opcode \(opcode) in files of tensors")
            }
        }
    }

    /// `01` and `00` are flags, others numbers; those of Python 2's `long` end in an L.
    private func decimal(_ digits: String) throws(FileFormatError) -> PickleItem {
        if digits == "01" || digits == "00" { return .bool(digits == "01") }
        let plain = digits.hasSuffix("L") ? digits.dropLast() : digits[...]
        if let value = Int(plain) { return .int(value) }
        guard !plain.isEmpty, plain.drop(while: { $0 == "-" }).allSatisfy(\.isNumber) else {
            throw failure("'\(digits.prefix(40))' is no int")
        }
        return .long(Array(plain.utf8))
    }
}
