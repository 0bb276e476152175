using Locutor.Media.Pictures;
using static TorchSharp.torch;

namespace Locutor.Generation.Conditioning;

/// <summary>The picture that conditions a clip.</summary>
/// <param name="frame">Video frame at which the clip starts; a still picture is the same for all.</param>
/// <returns>A picture of the video's height and width.</returns>
public delegate ValueTask<Picture> PictureAt(int frame, CancellationToken ct);

/// <summary>What a video shows and says, as the networks take it.</summary>
/// <param name="Text">Embedding of the prompt [1, tokens, text width].</param>
/// <param name="NegativeText">Embedding of the negative prompt; needed only with a text guidance other than 1.</param>
/// <param name="Speech">For each person.</param>
/// <param name="PictureAt">Conditioning pictures.</param>
/// <param name="DrawnPicture">The one picture of all clips as the autoencoder draws it: only what moves is then decoded. Null decodes whole frames.</param>
/// <param name="Speakers">With two people: where they are; [3, H / 8, W / 8] masks from <see cref="SpeakerRegions"/>.</param>
public sealed record GenerationInputs(Tensor Text, Tensor? NegativeText, IReadOnlyList<ISpeech> Speech, PictureAt PictureAt, Tensor? Speakers = null, Picture? DrawnPicture = null);
