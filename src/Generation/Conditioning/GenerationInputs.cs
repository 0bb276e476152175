using Locutor.Media.Pictures;
using static TorchSharp.torch;

namespace Locutor.Generation.Conditioning;

/// <summary>Returns the picture that conditions a clip.</summary>
/// <param name="frame">Video frame at which the clip starts; a still picture is returned for every frame.</param>
/// <param name="cancellationToken">Cancels the reading.</param>
/// <returns>A picture of the size that is generated.</returns>
public delegate ValueTask<Picture> PictureAt(int frame, CancellationToken cancellationToken);

/// <summary>The inputs of a generation as tensors and pictures.</summary>
/// <param name="Text">Embedding of the prompt, [1, tokens, text width].</param>
/// <param name="NegativeText">Embedding of the negative prompt; needed only if the text guidance is not 1.</param>
/// <param name="Speech">The speech of each person.</param>
/// <param name="PictureAt">Returns the conditioning pictures.</param>
/// <param name="DrawnPicture">The single picture of all clips after the autoencoder; only moving regions are then decoded. Null decodes
/// whole frames.</param>
/// <param name="Speakers">Masks of two people from <see cref="SpeakerRegions"/>, [3, H / 8, W / 8]; null for one person.</param>
public sealed record GenerationInputs(
    Tensor Text, Tensor? NegativeText, IReadOnlyList<ISpeech> Speech, PictureAt PictureAt, Tensor? Speakers = null,
    Picture? DrawnPicture = null);
