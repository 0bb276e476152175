using Locutor.Generation.Loading;
using Locutor.Generation.Requests;

namespace Locutor.Cli.Generate;

/// <summary>The command line of <c>locutor generate</c>: the unchecked request, and the options that concern this machine.</summary>
/// <param name="Gpus">Indices of the GPUs that compute together; null uses <paramref name="Device"/> alone.</param>
/// <param name="VramBudget">The limit of GPU memory in bytes; null for all of it.</param>
/// <param name="SoundPath">Path of the WAV file for the spoken text; null for none.</param>
/// <param name="RawAudio">The format of a voice without a header; null if the voice has one.</param>
/// <param name="Store">The folder of model files; null for the default folder.</param>
/// <param name="Existing">Whether an output that exists already is replaced or kept.</param>
/// <param name="Live">Target that shows the video while it is made: empty for an address of this machine, - for standard output.</param>
/// <param name="TextSource">The file that the text was read from; null if there is none.</param>
internal sealed record GenerateArguments(
    RequestForm Form, string Output, string Device, string? Gpus, Precision Precision, long? VramBudget, string? Store, bool Fragmented,
    bool Json, string? SoundPath, bool Timings = false, string? RawAudio = null, string? Live = null,
    ExistingOutput Existing = ExistingOutput.Ask, bool Quiet = false, string? TextSource = null);
