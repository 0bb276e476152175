#!/usr/bin/env dotnet
#:package Locutor@0.1.0
#:property PublishAot=false
// A whole program in one file: dotnet run speak.cs -- face.png voice.wav out.mp4
using Locutor;

if (args.Length != 3) throw new ArgumentException("expected: dotnet run speak.cs -- PICTURE VOICE OUTPUT.mp4");
await using var model = await TalkingVideoModel.LoadAsync("sketch");
var video = await model.WriteVideoAsync(new(args[0], args[1]), args[2]);
Console.WriteLine($"{video.Path}: {video.Frames} frames, seed {video.Seed}");
