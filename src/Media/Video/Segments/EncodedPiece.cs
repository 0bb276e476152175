namespace Locutor.Media.Video.Segments;

/// <summary>Frames of a fragmented mp4 that begin with a key frame and end before another one.</summary>
/// <param name="FirstFrame">Number of the first frame in the file, which its time tells.</param>
/// <param name="Frames">Number of frames.</param>
/// <param name="Mp4">The header and the fragments of the frames.</param>
public sealed record EncodedPiece(int FirstFrame, int Frames, byte[] Mp4);
