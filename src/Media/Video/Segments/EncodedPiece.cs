namespace Locutor.Media.Video.Segments;

/// <summary>A range of frames of a fragmented mp4. It begins with a key frame and ends before another one.</summary>
/// <param name="FirstFrame">Number of the first frame in the file, computed from its time.</param>
/// <param name="Frames">Number of frames.</param>
/// <param name="Mp4">The header and the fragments of the frames.</param>
public sealed record EncodedPiece(int FirstFrame, int Frames, byte[] Mp4);
