using System.Text;
using Locutor.Checkpoints;

namespace Locutor.Networks.Tokenizer;

internal enum PieceKind
{
    Normal = 1,
    Unknown = 2,
    Control = 3,
    UserDefined = 4,
    Unused = 5,
    Byte = 6,
}

internal readonly record struct Piece(byte[] Bytes, float Score, PieceKind Kind);

/// <summary>
/// Content of a SentencePiece <c>.model</c> file; the protobuf message is ModelProto of
/// https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto.
/// </summary>
internal sealed class SentencePieceModel
{
    private const int MostPieces = 1 << 21, LongestFile = 256 << 20;

    private SentencePieceModel() { }

    public List<Piece> Pieces { get; } = [];

    public bool ByteFallback { get; private set; }

    public bool SpaceAsSuffix { get; private set; }

    public bool DummyPrefix { get; private set; } = true;

    public bool RemoveExtraSpaces { get; private set; } = true;

    public bool EscapeSpaces { get; private set; } = true;

    /// <summary>Compiled normalisation rules; empty if there are none.</summary>
    public byte[] Charsmap { get; private set; } = [];

    public static SentencePieceModel Read(string path)
    {
        try
        {
            var info = new FileInfo(path);
            if (info.Length > LongestFile)
                throw new CheckpointException($"{path}: expected a tokenizer of at most {LongestFile} bytes, found {info.Length}");
            var model = new SentencePieceModel();
            model.Read(path, File.ReadAllBytes(path));
            return model;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"{path}: {e.Message}", e);
        }
        catch (CheckpointException e) when (!e.Message.StartsWith(path, StringComparison.Ordinal))
        {
            throw new CheckpointException($"{path}: expected a SentencePiece model, found a broken one: {e.Message}", e);
        }
    }

    private void Read(string path, byte[] file)
    {
        var reader = new ProtobufReader(file);
        while (reader.Next())
        {
            if (reader.Field == 1) Pieces.Add(ReadPiece(reader.Bytes));
            else if (reader.Field == 2) ReadTrainer(path, reader.Bytes);
            else if (reader.Field == 3) ReadNormalizer(reader.Bytes);
            if (Pieces.Count > MostPieces) throw new CheckpointException($"{path}: expected at most {MostPieces} pieces, found more");
        }
        if (Pieces.Count == 0) throw new CheckpointException($"{path}: expected pieces, found none");
    }

    private static Piece ReadPiece(ReadOnlySpan<byte> message)
    {
        byte[] bytes = [];
        float score = 0;
        var kind = PieceKind.Normal;
        var reader = new ProtobufReader(message);
        while (reader.Next())
        {
            if (reader.Field == 1)
            {
                bytes = reader.Bytes.ToArray();
            }
            else if (reader.Field == 2)
            {
                score = reader.Single;
            }
            else if (reader.Field == 3)
            {
                kind = reader.Number is >= 1 and <= 6
                    ? (PieceKind)reader.Number
                    : throw new CheckpointException($"expected piece type 1 to 6, found {reader.Number}");
            }
        }
        if (!float.IsFinite(score))
            throw new CheckpointException($"piece {Encoding.UTF8.GetString(bytes)}: expected a finite score, found {score}");
        return new Piece(bytes, score, kind);
    }

    private void ReadTrainer(string path, ReadOnlySpan<byte> message)
    {
        var reader = new ProtobufReader(message);
        while (reader.Next())
        {
            if (reader.Field == 3 && reader.Number != 1)
                throw new CheckpointException($"{path}: expected a unigram model (type 1), found type {reader.Number}");
            if (reader.Field == 24) SpaceAsSuffix = reader.Number != 0;
            if (reader.Field == 35) ByteFallback = reader.Number != 0;
        }
    }

    private void ReadNormalizer(ReadOnlySpan<byte> message)
    {
        var reader = new ProtobufReader(message);
        while (reader.Next())
        {
            if (reader.Field == 2) Charsmap = reader.Bytes.ToArray();
            else if (reader.Field == 3) DummyPrefix = reader.Number != 0;
            else if (reader.Field == 4) RemoveExtraSpaces = reader.Number != 0;
            else if (reader.Field == 5) EscapeSpaces = reader.Number != 0;
        }
    }
}
