using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Text;

namespace Locutor.Checkpoints.Pickle;

/// <summary>
/// Reads one Python pickle (protocols 0 to 5) of plain values, dictionaries and tensors. The number of steps is limited, and with it time
/// and memory; there is no recursion. A global that is not on the list of <see cref="TorchGlobals"/> is refused with its name. Opcodes:
/// https://github.com/python/cpython/blob/main/Lib/pickletools.py
/// </summary>
internal sealed unsafe class Unpickler(string source, nint address, int length)
{
    /// <summary>Largest number of opcodes; a checkpoint of ten thousand tensors needs half a million.</summary>
    private const int MostSteps = 4_000_000;

    private static readonly UTF8Encoding Utf8 = new(false, true);
    private readonly List<object?> stack = [];
    private readonly Stack<int> marks = new();
    private readonly Dictionary<uint, object?> memo = [];
    private int position;

    /// <summary>Number of bytes read; after <see cref="Read"/>, the position after the pickle.</summary>
    public int Position => position;

    public object? Read()
    {
        stack.Clear();
        marks.Clear();
        memo.Clear();
        for (int step = 0; step < MostSteps; step++)
        {
            byte opcode = Take(1)[0];
            if (opcode == '.') return Pop();
            Execute(opcode);
        }
        throw Broken($"expected at most {MostSteps} opcodes, found more");
    }

    private void Execute(byte opcode)
    {
        switch ((char)opcode)
        {
            case '\x80':
                if (Take(1)[0] is var protocol && protocol > 5) throw Broken($"expected pickle protocol 0 to 5, found {protocol}"); break;
            case '\x95': Take(8); break; // frame: only a hint for readers of streams
            case '(': marks.Push(stack.Count); break;
            case '0': Pop(); break;
            case '1': PopMark(); break;
            case '2': stack.Add(stack.Count > 0 ? stack[^1] : throw Underflow()); break;
            case 'N': stack.Add(null); break;
            case '\x88': stack.Add(true); break;
            case '\x89': stack.Add(false); break;
            case 'K': stack.Add((long)Take(1)[0]); break;
            case 'M': stack.Add((long)BinaryPrimitives.ReadUInt16LittleEndian(Take(2))); break;
            case 'J': stack.Add((long)BinaryPrimitives.ReadInt32LittleEndian(Take(4))); break;
            case '\x8a': PushInteger(Take(1)[0]); break;
            case '\x8b': PushInteger(BinaryPrimitives.ReadInt32LittleEndian(Take(4))); break;
            case 'I' or 'L': PushDecimal(Line()); break;
            case 'F':
                stack.Add(double.TryParse(Line(), NumberStyles.Float, CultureInfo.InvariantCulture, out double real)
                    ? real
                    : throw Broken("expected a decimal fraction"));
                break;
            case 'G': stack.Add(BinaryPrimitives.ReadDoubleBigEndian(Take(8))); break;
            case 'X': stack.Add(Text(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)))); break;
            case '\x8c': stack.Add(Text(Take(1)[0])); break;
            case '\x8d': stack.Add(Text(BinaryPrimitives.ReadUInt64LittleEndian(Take(8)))); break;
            case 'V': stack.Add(Line()); break;
            case 'U': stack.Add(Text(Take(1)[0])); break;
            case 'T': stack.Add(Text(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)))); break;
            case 'C': stack.Add(Blob(Take(1)[0])); break;
            case 'B': stack.Add(Blob(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)))); break;
            case '\x8e': stack.Add(Blob(BinaryPrimitives.ReadUInt64LittleEndian(Take(8)))); break;
            default: ExecuteOnObjects((char)opcode); break;
        }
    }

    private void ExecuteOnObjects(char opcode)
    {
        switch (opcode)
        {
            case ')': stack.Add(Array.Empty<object?>()); break;
            case 't': stack.Add(PopMark()); break;
            case '\x85': stack.Add(new[] { Pop() }); break;
            case '\x86': stack.Add(Last(2)); break;
            case '\x87': stack.Add(Last(3)); break;
            case ']': stack.Add(new List<object?>()); break;
            case 'l': stack.Add(new List<object?>(PopMark())); break;
            case 'a': Append([Pop()]); break;
            case 'e': Append(PopMark()); break;
            case '}': stack.Add(new PickleDictionary()); break;
            case 'd': object?[] pairs = PopMark(); stack.Add(new PickleDictionary()); Set(pairs); break;
            case 's': Set(Last(2)); break;
            case 'u': Set(PopMark()); break;
            case 'c': Global(Line(), Line()); break;
            case '\x93': object?[] names = Last(2); Global(names[0] as string ?? "?", names[1] as string ?? "?"); break;
            case 'R': object? arguments = Pop(); Call(Pop(), arguments); break;
            case 'b': Build(); break;
            case 'Q':
                object? id = Pop();
                stack.Add(
                    TorchGlobals.Storage(id) ?? throw Broken($"expected ('storage', class, key, location, count), found {Describe(id)}"));
                break;
            case 'p':
                Put(uint.TryParse(Line(), NumberStyles.None, CultureInfo.InvariantCulture, out uint put)
                    ? put
                    : throw Broken("expected a memo number"));
                break;
            case 'q': Put(Take(1)[0]); break;
            case 'r': Put(BinaryPrimitives.ReadUInt32LittleEndian(Take(4))); break;
            case '\x94': Put((uint)memo.Count); break;
            case 'g':
                Get(uint.TryParse(Line(), NumberStyles.None, CultureInfo.InvariantCulture, out uint get)
                    ? get
                    : throw Broken("expected a memo number"));
                break;
            case 'h': Get(Take(1)[0]); break;
            case 'j': Get(BinaryPrimitives.ReadUInt32LittleEndian(Take(4))); break;
            case 'i' or 'o' or '\x81' or '\x92':
                throw Broken(
                    $"refused: the pickle makes an object of a class (opcode 0x{(int)opcode:x2}); only tensors and plain values are read");
            case '\x82' or '\x83' or '\x84':
                throw Broken(
                    $"refused: the pickle uses the extension registry (opcode 0x{(int)opcode:x2}); only tensors and plain values are read");
            default: throw Broken($"expected a pickle opcode, found 0x{(int)opcode:x2} at byte {position - 1}");
        }
    }

    private void Global(string module, string name)
    {
        string full = $"{module}.{name}";
        if (!TorchGlobals.Allows(full))
            throw Broken($"refused: the pickle names {Clip(full)}, which is not needed to rebuild tensors and may run code");
        stack.Add(new PickleGlobal(full));
    }

    private void Call(object? function, object? arguments)
    {
        if (function is not PickleGlobal global || arguments is not object?[] tuple)
            throw Broken($"expected a call of a known function, found {Describe(function)}");
        stack.Add(TorchGlobals.Call(global.Name, tuple)
            ?? throw Broken($"expected arguments of {global.Name}, found ({string.Join(", ", tuple.Take(8).Select(Describe))})"));
    }

    /// <summary>Discards the state that is set on an ordered dictionary: it is the version table of the module and is not needed.</summary>
    private void Build()
    {
        Pop();
        if (stack.Count == 0 || stack[^1] is not PickleDictionary)
            throw Broken("refused: the pickle sets the state of an object; only tensors and plain values are read");
    }

    private void Append(ReadOnlySpan<object?> items)
    {
        if (stack.Count == 0 || stack[^1] is not List<object?> list) throw Broken("expected a list to append to");
        list.AddRange(items);
    }

    private void Set(ReadOnlySpan<object?> pairs)
    {
        if (stack.Count == 0 || stack[^1] is not PickleDictionary dictionary || pairs.Length % 2 != 0)
            throw Broken("expected a dictionary and pairs to set");
        for (int i = 0; i < pairs.Length; i += 2)
        {
            object key = pairs[i] is string or long or bool or double
                ? pairs[i]!
                : throw Broken($"expected a text or number as key, found {Describe(pairs[i])}");
            dictionary.Set(key, pairs[i + 1]);
        }
    }

    private void PushInteger(int bytes)
    {
        if (bytes is < 0 or > 256) throw Broken($"expected an integer of at most 256 bytes, found {bytes}");
        Push(new BigInteger(Take(bytes)));
    }

    private void PushDecimal(string line)
    {
        if (line is "00" or "01")
        {
            stack.Add(line == "01");
        }
        else if (line.Length <= 600
            && BigInteger.TryParse(line.TrimEnd('L'), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
        {
            Push(number);
        }
        else
        {
            throw Broken($"expected a decimal integer, found {Clip(line)}");
        }
    }

    private void Push(BigInteger number)
    {
        if (number < long.MinValue || number > long.MaxValue) stack.Add(number);
        else stack.Add((long)number);
    }

    private string Text(ulong bytes)
    {
        try
        {
            return Utf8.GetString(Take(bytes));
        }
        catch (DecoderFallbackException e)
        {
            throw new CheckpointException($"{source}: expected UTF-8 text in the pickle", e);
        }
    }

    private byte[] Blob(ulong bytes) => Take(bytes).ToArray();

    private string Line()
    {
        var rest = new ReadOnlySpan<byte>((byte*)address + position, Math.Min(length - position, 4096));
        int end = rest.IndexOf((byte)'\n');
        if (end < 0) throw Broken("expected a line of at most 4096 bytes");
        position += end + 1;
        return Encoding.Latin1.GetString(rest[..end]).TrimEnd('\r');
    }

    private ReadOnlySpan<byte> Take(ulong bytes) => bytes <= (ulong)(length - position) ? Take((int)bytes) : throw Truncated(bytes);

    private ReadOnlySpan<byte> Take(int bytes)
    {
        if (bytes > length - position) throw Truncated((ulong)bytes);
        var span = new ReadOnlySpan<byte>((byte*)address + position, bytes);
        position += bytes;
        return span;
    }

    private void Put(uint place) => memo[place] = stack.Count > 0 ? stack[^1] : throw Underflow();

    private void Get(uint place) =>
        stack.Add(memo.TryGetValue(place, out object? value) ? value : throw Broken($"expected memo {place} to be set before it is read"));

    private object? Pop()
    {
        if (stack.Count <= (marks.Count > 0 ? marks.Peek() : 0)) throw Underflow();
        object? top = stack[^1];
        stack.RemoveAt(stack.Count - 1);
        return top;
    }

    private object?[] Last(int count)
    {
        if (stack.Count - (marks.Count > 0 ? marks.Peek() : 0) < count) throw Underflow();
        object?[] items = stack[^count..].ToArray();
        stack.RemoveRange(stack.Count - count, count);
        return items;
    }

    private object?[] PopMark()
    {
        if (!marks.TryPop(out int mark)) throw Broken("expected a mark on the stack, found none");
        object?[] items = stack[mark..].ToArray();
        stack.RemoveRange(mark, stack.Count - mark);
        return items;
    }

    private static string Describe(object? value) => value switch
    {
        null => "None",
        string text => $"'{Clip(text)}'",
        object?[] tuple => $"a tuple of {tuple.Length}",
        List<object?> list => $"a list of {list.Count}",
        PickleDictionary dictionary => $"a dictionary of {dictionary.Items.Count}",
        PickleGlobal global => global.Name,
        TorchStorage storage => $"storage {Clip(storage.Key)}",
        TorchTensor tensor => $"a tensor {Shapes.Text(tensor.Shape)}",
        byte[] blob => $"{blob.Length} bytes",
        _ => Clip(value.ToString() ?? ""),
    };

    private static string Clip(string text) => text.Length <= 80 ? text : text[..80] + "...";

    private CheckpointException Underflow() => Broken($"expected a value on the pickle's stack at byte {position}, found none");

    private CheckpointException Truncated(ulong bytes) =>
        Broken($"the pickle needs {bytes} bytes at {position}, found {length - position}");

    private CheckpointException Broken(string what) => new($"{source}: {what}");
}
