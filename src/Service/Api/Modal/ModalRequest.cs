using Locutor.Generation.Requests;
using Locutor.Models;

namespace Locutor.Service.Api.Modal;

/// <summary>Converts a body at the predecessor's address to a video request, with the names and defaults of the predecessor.</summary>
internal static class ModalRequest
{
    /// <summary>The default prompt of the predecessor. It applies at this address to all models.</summary>
    private const string DefaultPrompt = "a person is talking";

    /// <summary>
    /// The name of the preset with the settings of the predecessor, such as 25 motion frames. It is used if the model has such a preset.
    /// </summary>
    private const string Preset = "fusionix";

    /// <summary>Checks the body with the rules of all submissions and fills in the defaults.</summary>
    /// <param name="find">Returns the bundle of a model name; for null, the default bundle.</param>
    /// <exception cref="ModalException">The body has a value that the model does not allow.</exception>
    public static ResolvedRequest Resolve(ModalBody body, Func<string?, Bundle> find)
    {
        var form = new RequestForm();
        form.AddFile(VideoFields.Image.Name);
        form.AddFile(VideoFields.Audio.Name);
        form.AddText(VideoFields.Prompt.Name, string.IsNullOrEmpty(body.Prompt) ? DefaultPrompt : body.Prompt);
        if (find(null).Presets.ContainsKey(Preset)) form.AddText(VideoFields.Preset.Name, Preset);
        if (body.Audio2 is not null)
        {
            form.AddFile(VideoFields.Audio2.Name);
            form.AddText(VideoFields.AudioType.Name, "add");
        }

        try
        {
            return form.Resolve(find);
        }
        catch (RequestException refusal)
        {
            throw ModalException.Invalid(
                refusal.Errors.Select(error => ModalException.Error("value_error", ["body", error.Key], error.Value[0], null)));
        }
    }
}
