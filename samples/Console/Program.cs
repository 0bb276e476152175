using System.Globalization;
using Locutor;

// Makes a portrait speak: dotnet run -- face.png voice.wav out.mp4
if (args is not [var face, var voice, var output])
{
    Console.Error.WriteLine("usage: dotnet run -- PICTURE VOICE OUTPUT.mp4");
    return 2;
}

using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, pressed) =>
{
    pressed.Cancel = true;
    stop.Cancel();
};

var progress = new Progress<VideoProgress>(now => Console.Error.WriteLine(
    now.Notice
        ?? string.Create(
            CultureInfo.InvariantCulture,
            $"{now.Stage,-10} {now.Fraction,4:P0}{(now.TimeLeft is { } left ? $", {left.TotalSeconds:F0} s left" : "")}")));
try
{
    await using var model = await TalkingVideoModel.LoadAsync(
        TalkingVideoModel.BundledModel, new ModelOptions { Device = "auto" }, progress, stop.Token);
    var video = await model.WriteVideoAsync(new TalkingVideoRequest(face, voice), output, progress, stop.Token);
    Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{video.Path}: {video.Width}x{video.Height}, {video.Frames} frames, {video.Duration.TotalSeconds:F1} s, seed {video.Seed}"));
    return 0;
}
catch (LocutorException failure)
{
    Console.Error.WriteLine(failure.Message);
    return 1;
}
catch (OperationCanceledException)
{
    Console.Error.WriteLine("stopped");
    return 130;
}
