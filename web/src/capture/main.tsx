import { mount } from "../mount.tsx";
import { App } from "./App.tsx";
import "./capture.css";

mount(<App />);
