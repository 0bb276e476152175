namespace Locutor.Jobs.Records;

/// <summary>
/// The part of a longer video that a job makes. Such a job is submitted by the worker that makes the video; its result is a file that this
/// worker joins with the others.
/// </summary>
/// <param name="Parent">The id of the job of the whole video.</param>
/// <param name="Index">The number of the part, from 0.</param>
/// <param name="First">The first frame of the part.</param>
/// <param name="Frames">Number of frames of the part.</param>
/// <param name="Of">Number of frames of the whole video.</param>
[GenerateSerializer, Immutable]
public sealed record JobPart(
    [property: Id(0)] string Parent, [property: Id(1)] int Index, [property: Id(2)] int First, [property: Id(3)] int Frames,
    [property: Id(4)] int Of);
