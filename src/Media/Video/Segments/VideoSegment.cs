namespace Locutor.Media.Video.Segments;

/// <summary>A video that is written in segments. Equal values mean that the segments of two runs fit together.</summary>
/// <param name="Width">Width in pixels.</param>
/// <param name="Height">Height in pixels.</param>
/// <param name="FramesPerSecond">Frame rate.</param>
/// <param name="Frames">Number of frames of the whole video.</param>
/// <param name="LongestSegment">Largest number of frames in a segment.</param>
public sealed record SegmentedVideo(int Width, int Height, int FramesPerSecond, int Frames, int LongestSegment);

/// <summary>A part of a fragmented mp4 that starts with a key frame. Players need the header once, before the first segment.</summary>
/// <param name="Video">The video that the segment belongs to.</param>
/// <param name="FirstFrame">Number of the first frame in the video, from 0.</param>
/// <param name="Frames">Number of frames.</param>
/// <param name="Header">The boxes <c>ftyp</c> and <c>moov</c>, and the label of synthetic media.</param>
/// <param name="Media">The boxes <c>moof</c> and <c>mdat</c>, with the times of the whole video.</param>
public sealed record VideoSegment(SegmentedVideo Video, int FirstFrame, int Frames, byte[] Header, byte[] Media);
