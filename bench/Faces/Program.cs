using System.Diagnostics;
using Locutor.Training.Faces;

if (args is ["sheet", var kind, var path, ..])
{
    File.WriteAllBytes(path, Sheets.Draw(kind, args.Length > 3 ? int.Parse(args[3]) : 128, args.Length > 4 ? int.Parse(args[4]) : 0));
    return;
}

using var process = Process.GetCurrentProcess();
Console.WriteLine("size      ms/frame   ms/new person   CPU ms/frame with new people, all threads");
foreach (int size in (ReadOnlySpan<int>)[128, 192, 256, 512])
{
    using var renderer = new FaceRenderer(size, size);
    byte[] rgb = new byte[renderer.FrameBytes];
    FacePose Pose(int i) =>
        new()
        {
            JawOpen = 0.3f + 0.3f * MathF.Sin(i * 0.7f),
            HeadYaw = 0.2f * MathF.Sin(i * 0.05f),
            HeadRoll = 0.03f * MathF.Sin(i * 0.08f),
            UpperTeeth = 0.3f,
        };
    for (int i = 0; i < 60; i++) renderer.Render(Person.Draw(i % 3), Pose(i), rgb);
    const int People = 24, Frames = 33;
    Person[] people = [.. Enumerable.Range(100, People).Select(Person.Draw)];
    process.Refresh();
    var processor = process.TotalProcessorTime;
    double first = 0, rest = 0;
    foreach (var person in people)
    {
        long start = Stopwatch.GetTimestamp();
        renderer.Render(person, Pose(0), rgb);
        first += Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        start = Stopwatch.GetTimestamp();
        for (int i = 0; i < Frames; i++) renderer.Render(person, Pose(i), rgb);
        rest += Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }
    double frame = rest / People / Frames;
    process.Refresh();
    double busy = (process.TotalProcessorTime - processor).TotalMilliseconds / People / (Frames + 1);
    Console.WriteLine($"{size,4}x{size,-4} {frame,8:F3}   {first / People - frame,8:F3}        {busy,8:F3}");
}
