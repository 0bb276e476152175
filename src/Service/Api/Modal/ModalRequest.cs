using Locutor.Generation.Requests;
using Locutor.Models;

namespace Locutor.Service.Api.Modal;

/// <summary>A body of the predecessor's address as a request, with the names and defaults of the predecessor.</summary>
internal static class ModalRequest
{
    /// <summary>A promise of the predecessor's address, whatever the model's default is.</summary>
    private const string DefaultPrompt = "a person is talking";

    /// <summary>The preset with the predecessor's settings, 25 motion frames among them, for models that have one of that name.</summary>
    private const string Preset = "fusionix";

    /// <summary>Checks the body as every door does.</summary>
    /// <param name="find">The bundle of a model's name, or the default for null.</param>
    /// <exception cref="ModalException">The body asks for what the model does not allow.</exception>
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
            throw ModalException.Invalid(refusal.Errors.Select(error => ModalException.Error("value_error", ["body", error.Key], error.Value[0], null)));
        }
    }
}
