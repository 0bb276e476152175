using System.ComponentModel;
using Locutor.Generation.Requests;
using Locutor.Jobs.Records;
using Locutor.Jobs.Tokens;
using Locutor.Service.Access;
using Locutor.Service.Http;
using Locutor.Service.Inputs;
using Locutor.Service.Submissions;
using Microsoft.AspNetCore.Mvc;

namespace Locutor.Service.Api.V1;

/// <summary>The endpoint that checks a file before it is submitted.</summary>
internal static class InputsEndpoints
{
    public static void Map(RouteGroupBuilder v1) =>
        v1.MapGroup("/inputs").WithTags("Jobs").MapPost("/check", CheckAsync).Needs(TokenScopes.Submit)
            .Accepts<Stream>("application/octet-stream", "*/*")
            .Produces<InputCheckView>().ProducesProblems(400, 401, 413, 422).WithName("checkInput")
            .WithSummary("Check a file before it is submitted")
            .WithDescription(
                "The body is the file, of any content type. The answer tells its kind and size, the faces in a picture, and whether " +
                "the model was trained on pictures of this kind; a file that a submission would refuse is refused here too. " +
                "The file is not kept.");

    private static async Task<IResult> CheckAsync(
        HttpContext context, InputCheck check, ModelCatalog catalog,
        [FromQuery, Description("picture (a picture or a video) or voice.")] string kind,
        [FromQuery, Description("Model that will make the video. Default: the default model.")] string? model = null,
        [FromQuery, Description("Size of the video. Default: the default size of the model.")] string? size = null)
    {
        var expected = kind switch
        {
            "picture" => ExpectedMedia.PictureOrVideo,
            "voice" => ExpectedMedia.Sound,
            _ => throw new ProblemException(400, JobError.InvalidRequest, $"kind: expected picture or voice, found '{kind}'"),
        };
        try
        {
            var bundle = catalog.FindWithFiles(model);
            return Results.Json(
                await check.RunAsync(context.Request.Body, expected, bundle, size, context.RequestAborted), Problems.Json);
        }
        catch (RequestException unknown)
        {
            throw new ProblemException(422, JobError.InvalidRequest, unknown.Message) { Errors = unknown.Errors };
        }
    }
}
